import { XMLBuilder, XMLParser, XMLValidator } from "fast-xml-parser";
import { s3Error } from "./errors";

const NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/";

/**
 * Lists that stand in the XML as repeated elements, by `Parent.Element`, and the member of S3's API that they are. Most
 * have a parent of their own in one document only; these are the ones that clients send.
 */
const SENT_LISTS: Record<string, string> = {
  "And.Tag": "Tags",
  "CompleteMultipartUpload.Part": "Parts",
  "Delete.Object": "Objects",
  "LifecycleConfiguration.Rule": "Rules",
  "OwnershipControls.Rule": "Rules",
  "Rule.NoncurrentVersionTransition": "NoncurrentVersionTransitions",
  "Rule.Transition": "Transitions",
  "ServerSideEncryptionConfiguration.Rule": "Rules",
  "TagSet.Tag": "Tag",
};

/** Elements of the lists that are answered, where they are not named as the member is. */
const ELEMENT_OF: Record<string, string> = {
  Errors: "Error",
  NoncurrentVersionTransitions: "NoncurrentVersionTransition",
  Parts: "Part",
  Rules: "Rule",
  Tags: "Tag",
  Transitions: "Transition",
  Uploads: "Upload",
  Versions: "Version",
  DeleteMarkers: "DeleteMarker",
};

/** Lists that are answered inside an element of their own. */
const WRAPPED: Record<string, [wrapper: string, element: string]> = {
  Buckets: ["Buckets", "Bucket"],
  Grants: ["AccessControlList", "Grant"],
  TagSet: ["TagSet", "Tag"],
};

const BOOLEANS =
  /^(BlockPublicAcls|BlockPublicPolicy|BucketKeyEnabled|ExpiredObjectDeleteMarker|IgnorePublicAcls|Quiet|RestrictPublicBuckets)$/;
const NUMBERS =
  /^(Days|DaysAfterInitiation|NewerNoncurrentVersions|NoncurrentDays|ObjectSizeGreaterThan|ObjectSizeLessThan|PartNumber|Years)$/;

const parser = new XMLParser({
  ignoreAttributes: true,
  ignoreDeclaration: true,
  removeNSPrefix: true,
  parseTagValue: false,
  trimValues: false,
  // A list of 10,000 parts has two quotes around each ETag.
  processEntities: { enabled: true, maxTotalExpansions: 1_000_000, maxExpandedLength: 100_000_000 },
});

/**
 * Reads the XML of a request into the structure of S3's API.
 * @param root the name that the document must have
 * @throws MalformedXML
 */
export function parseXml(text: string, root: string): Record<string, unknown> {
  if (XMLValidator.validate(text) !== true) throw s3Error("MalformedXML");
  const document = parser.parse(text) as Record<string, unknown>;
  if (!Object.hasOwn(document, root)) throw s3Error("MalformedXML");
  const structure = toStructure(document[root], root);
  return typeof structure === "object" && structure !== null ? (structure as Record<string, unknown>) : {};
}

function toStructure(node: unknown, name: string): unknown {
  if (Array.isArray(node)) return node.map((item) => toStructure(item, name));
  if (node === null || typeof node !== "object") {
    if (BOOLEANS.test(name)) return node === "true";
    return NUMBERS.test(name) ? Number(node) : node;
  }
  const members = Object.entries(node)
    .filter(([element]) => element !== "#text")
    .map(([element, value]) => {
      const list = SENT_LISTS[`${name}.${element}`];
      const structure = toStructure(value, element);
      if (element === "TagSet") return ["TagSet", (structure as { Tag?: unknown[] }).Tag ?? []];
      return list ? [list, [structure].flat()] : [element, structure];
    });
  return Object.fromEntries(members) as Record<string, unknown>;
}

const builder = new XMLBuilder({
  ignoreAttributes: false,
  attributeNamePrefix: "@",
  suppressEmptyNode: true,
});

/** Writes a structure of S3's API as XML. Dates become ISO 8601, undefined nothing. */
export function buildXml(root: string, structure: object): string {
  return document({ [root]: { "@xmlns": NAMESPACE, ...(toElements(structure) as object) } });
}

/** The XML of an error; it alone has no namespace. */
export function buildErrorXml(error: Record<string, unknown>): string {
  return document({ Error: toElements(error) });
}

const document = (root: object) => `<?xml version="1.0" encoding="UTF-8"?>\n${builder.build(root)}`;

function toElements(value: unknown): unknown {
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value)) return value.map(toElements);
  if (value === null || typeof value !== "object") return value;
  const elements = Object.entries(value).flatMap(([member, content]): [string, unknown][] => {
    if (content === undefined) return [];
    const wrapped = WRAPPED[member];
    if (wrapped) return [[wrapped[0], { [wrapped[1]]: toElements(content) }]];
    return [[Array.isArray(content) ? (ELEMENT_OF[member] ?? member) : member, toElements(content)]];
  });
  return Object.fromEntries(elements);
}
