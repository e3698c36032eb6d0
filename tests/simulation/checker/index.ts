import type { World } from "../world";
import { checkLife } from "./checkFragments";
import { checkLedger, checkObjects } from "./checkLedgers";
import { checkBounds, checkClaims, checkCuts, checkRecorders, checkRisks } from "./checkService";
import { checkStatements } from "./checkStatements";
import { readArchive } from "./readArchive";
import type { Violation } from "./violation";

export { type Archive, readArchive } from "./readArchive";
export type { Violation } from "./violation";

/** Holds a played world against the invariants. */
export function check(world: World): Violation[] {
  const archive = readArchive(world);
  return [
    ...checkObjects(archive),
    ...archive.ledgers.flatMap((ledger) => checkLedger(ledger, archive, world)),
    ...world.kinesisVideo.lives.flatMap((life) => [
      ...checkLife(life, archive, world),
      ...checkStatements(life, archive, world),
    ]),
    ...checkBounds(archive, world),
    ...checkRecorders(world),
    ...checkClaims(world),
    ...checkRisks(world),
    ...checkCuts(archive, world),
  ];
}
