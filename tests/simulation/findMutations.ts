import { runCampaign } from "./campaign";
import type { Violation } from "./checker";
import { MUTATIONS, type Mutation } from "./mutations";

/** How a deliberate fault fared. */
export interface Finding {
  mutation: Mutation;
  /** How many histories it took to find it, and what broke; nothing where it was not found. */
  histories?: number;
  violation?: Violation;
}

/** Looks for each deliberate fault, in as many histories as it takes, up to a limit. */
export async function findMutations(options: {
  names?: string[];
  limit: number;
  threads: number;
  onFinding?(finding: Finding): void;
}): Promise<Finding[]> {
  const { names, limit, threads, onFinding } = options;
  const findings: Finding[] = [];
  for (const mutation of MUTATIONS.filter(({ name }) => !names || names.includes(name))) {
    const { failing } = await runCampaign({
      firstSeed: 0,
      histories: limit,
      threads,
      mutation: mutation.name,
      stopAtFirst: true,
    });
    const [first] = failing;
    const finding = first
      ? { mutation, histories: first.seed + 1, violation: first.violations[0] }
      : { mutation };
    onFinding?.(finding);
    findings.push(finding);
  }
  return findings;
}
