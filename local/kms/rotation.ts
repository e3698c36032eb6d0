import type { Call, CloudDeps, Operation } from "../core/service";
import { checks, validation } from "./inputs";
import { checkUsable, type Key, type Keys } from "./keys";
import { newMaterial } from "./material";

const DAY_MS = 86_400_000;
const DEFAULT_ROTATION_DAYS = 365;

/** Gives a key new material if its calendar says so; answers whether it did. */
export function rotateIfDue(key: Key, nowMs: number): boolean {
  const dueMs = nextRotationMs(key);
  if (dueMs === undefined || dueMs > nowMs) return false;
  key.materials.push(newMaterial(nowMs, "AUTOMATIC"));
  return true;
}

function nextRotationMs({ rotationDays, materials }: Key): number | undefined {
  const newest = materials.at(-1)?.createdMs ?? 0;
  return rotationDays === undefined ? undefined : newest + rotationDays * DAY_MS;
}

interface RotationInput {
  KeyId?: string;
  RotationPeriodInDays?: number;
}

/** The operations on the rotation of keys. Nothing that was encrypted before needs to be encrypted anew. */
export function makeRotationOperations({ clock }: CloudDeps, keys: Keys) {
  const open = async (action: string, keyId: string | undefined, call: Call, context = {}) => {
    const key = keys.find(keyId);
    await call.authorize(keys.need(action, key, call, context));
    return key;
  };

  const operations = {
    async EnableKeyRotation(input: RotationInput, call) {
      const days = checks.range(input.RotationPeriodInDays, "rotationPeriodInDays", 90, 2560);
      const context = days === undefined ? {} : { "kms:RotationPeriodInDays": String(days) };
      const key = await open("EnableKeyRotation", input.KeyId, call, context);
      checkUsable(key, keys.arnOf(key.id));
      if (key.manager === "AWS") throw validation("The rotation of AWS managed keys cannot be changed");
      key.rotationDays = days ?? DEFAULT_ROTATION_DAYS;
      keys.save();
      return undefined;
    },

    async DisableKeyRotation(input: RotationInput, call) {
      const key = await open("DisableKeyRotation", input.KeyId, call);
      checkUsable(key, keys.arnOf(key.id));
      delete key.rotationDays;
      keys.save();
      return undefined;
    },

    async GetKeyRotationStatus(input: RotationInput, call) {
      const key = await open("GetKeyRotationStatus", input.KeyId, call);
      if (rotateIfDue(key, clock.nowMs())) keys.save();
      const nextMs = nextRotationMs(key);
      return {
        KeyId: keys.arnOf(key.id),
        KeyRotationEnabled: nextMs !== undefined,
        RotationPeriodInDays: key.rotationDays,
        NextRotationDate: nextMs === undefined ? undefined : new Date(nextMs),
      };
    },

    async RotateKeyOnDemand(input: RotationInput, call) {
      const key = await open("RotateKeyOnDemand", input.KeyId, call);
      checkUsable(key, keys.arnOf(key.id));
      key.materials.push(newMaterial(clock.nowMs(), "ON_DEMAND"));
      keys.save();
      return { KeyId: keys.arnOf(key.id) };
    },

    async ListKeyRotations(input: RotationInput, call) {
      const key = await open("ListKeyRotations", input.KeyId, call);
      if (rotateIfDue(key, clock.nowMs())) keys.save();
      const Rotations = key.materials
        .filter(({ rotation }) => rotation !== undefined)
        .map(({ createdMs, rotation }) => ({
          KeyId: keys.arnOf(key.id),
          RotationDate: new Date(createdMs),
          RotationType: rotation,
        }));
      return { Rotations, Truncated: false };
    },
  } satisfies Record<string, Operation>;
  return operations;
}
