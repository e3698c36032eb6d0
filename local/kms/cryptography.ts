import { randomBytes } from "node:crypto";
import { awsError } from "../core/errors";
import type { Call, CloudDeps, Need, Operation } from "../core/service";
import { checks, validation } from "./inputs";
import { checkUsable, type Key, type Keys } from "./keys";
import { type EncryptionContext, keyIdOf, seal, unseal } from "./material";
import { rotateIfDue } from "./rotation";

const ALGORITHM = "SYMMETRIC_DEFAULT";
const MAX_PLAINTEXT_BYTES = 4096;

interface EncryptInput {
  KeyId?: string;
  /** Blobs are Base64 in JSON. */
  Plaintext?: string;
  EncryptionContext?: EncryptionContext;
}

interface DecryptInput {
  KeyId?: string;
  CiphertextBlob?: string;
  EncryptionContext?: EncryptionContext;
}

interface DataKeyInput {
  KeyId?: string;
  KeySpec?: string;
  NumberOfBytes?: number;
  EncryptionContext?: EncryptionContext;
}

/** Members that ask for what keys here do not have. */
const UNSUPPORTED = ["GrantTokens", "DryRun", "Recipient"];

/** The condition keys that a context gives to policies. */
export function encryptionContextKeys(context: EncryptionContext = {}): Need["context"] {
  const entries = Object.entries(context).map(([key, value]) => [`kms:EncryptionContext:${key}`, value]);
  if (entries.length === 0) return {};
  return { ...Object.fromEntries(entries), "kms:EncryptionContextKeys": Object.keys(context) };
}

/** The operations that encrypt and decrypt: small secrets, and data keys for what is large. */
export function makeCryptography({ clock }: CloudDeps, keys: Keys) {
  /** The key, once the caller may use it and it can be used. */
  const open = async (
    action: string,
    keyId: string | undefined,
    context: EncryptionContext | undefined,
    call: Call,
  ) => {
    const key = keys.find(keyId);
    const alias = /(alias\/.*)$/.exec(keyId ?? "")?.[1];
    await call.authorize(
      keys.need(action, key, call, {
        ...encryptionContextKeys(context),
        ...(alias && { "kms:RequestAlias": alias }),
      }),
    );
    checkUsable(key, keys.arnOf(key.id));
    if (rotateIfDue(key, clock.nowMs())) keys.save();
    return key;
  };

  const dataKey = (key: Key, input: DataKeyInput) => {
    const plaintext = randomBytes(dataKeyBytes(input));
    const ciphertext = seal(key, plaintext, input.EncryptionContext ?? {});
    return {
      KeyId: keys.arnOf(key.id),
      Plaintext: plaintext.toString("base64"),
      CiphertextBlob: ciphertext.toString("base64"),
    };
  };

  const operations = {
    async Encrypt(input: EncryptInput, call) {
      checks.unsupported(input, UNSUPPORTED);
      const key = await open("Encrypt", input.KeyId, input.EncryptionContext, call);
      const plaintext = Buffer.from(checks.required(input.Plaintext, "plaintext"), "base64");
      if (plaintext.length > MAX_PLAINTEXT_BYTES) {
        throw validation(
          "1 validation error detected: Value at 'plaintext' failed to satisfy constraint: Member must have length less than or equal to 4096",
        );
      }
      const ciphertext = seal(key, plaintext, input.EncryptionContext ?? {});
      return {
        KeyId: keys.arnOf(key.id),
        CiphertextBlob: ciphertext.toString("base64"),
        EncryptionAlgorithm: ALGORITHM,
      };
    },

    async Decrypt(input: DecryptInput, call) {
      checks.unsupported(input, UNSUPPORTED);
      const ciphertext = Buffer.from(checks.required(input.CiphertextBlob, "ciphertextBlob"), "base64");
      const keyId = keyIdOf(ciphertext);
      if (input.KeyId !== undefined && keys.find(input.KeyId).id !== keyId) {
        throw awsError(
          "IncorrectKeyException",
          400,
          "The key ID in the request does not identify a CMK that can perform this operation.",
        );
      }
      const key = await open("Decrypt", keyId, input.EncryptionContext, call);
      const plaintext = unseal(key.materials, ciphertext, input.EncryptionContext ?? {});
      return {
        KeyId: keys.arnOf(key.id),
        Plaintext: plaintext.toString("base64"),
        EncryptionAlgorithm: ALGORITHM,
      };
    },

    async GenerateDataKey(input: DataKeyInput, call) {
      checks.unsupported(input, UNSUPPORTED);
      return dataKey(await open("GenerateDataKey", input.KeyId, input.EncryptionContext, call), input);
    },

    async GenerateDataKeyWithoutPlaintext(input: DataKeyInput, call) {
      checks.unsupported(input, UNSUPPORTED);
      const key = await open("GenerateDataKeyWithoutPlaintext", input.KeyId, input.EncryptionContext, call);
      const { KeyId, CiphertextBlob } = dataKey(key, input);
      return { KeyId, CiphertextBlob };
    },
  } satisfies Record<string, Operation>;
  return operations;
}

function dataKeyBytes({ KeySpec, NumberOfBytes }: DataKeyInput): number {
  if ((KeySpec === undefined) === (NumberOfBytes === undefined)) {
    throw validation("Please specify either number of bytes or key spec.");
  }
  const spec = checks.oneOf(KeySpec, "keySpec", ["AES_256", "AES_128"]);
  if (spec) return spec === "AES_256" ? 32 : 16;
  return checks.range(NumberOfBytes, "numberOfBytes", 1, 1024) as number;
}
