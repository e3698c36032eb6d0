type Tags = Record<string, string>;

/** What IAM conditions see of the tags that a resource has: `{"aws:ResourceTag/stream": "gate"}`. */
export const resourceTagContext = (tags: Tags = {}): Tags => withPrefix("aws:ResourceTag/", tags);

/** What IAM conditions see of the tags that the caller or its session has: `{"aws:PrincipalTag/stream": "gate"}`. */
export const principalTagContext = (tags: Tags = {}): Tags => withPrefix("aws:PrincipalTag/", tags);

/** What IAM conditions see of the tags in a request: `aws:RequestTag/KEY` of each, and their keys in `aws:TagKeys`. */
export function requestTagContext(tags: Tags): Record<string, string | string[]> {
  const keys = Object.keys(tags);
  return keys.length === 0 ? {} : { ...withPrefix("aws:RequestTag/", tags), "aws:TagKeys": keys };
}

const withPrefix = (prefix: string, tags: Tags): Tags =>
  Object.fromEntries(Object.entries(tags).map(([key, value]) => [prefix + key, value]));
