import type { Call, CloudDeps } from "../core/service";
import { type Functions, findFunction, functionNeed, readFunctionName } from "./functions";
import { ACCOUNT_CONCURRENCY, totalReserved } from "./invocation";
import { invalid } from "./settings";

/** Lambda keeps this much for functions without a reservation. */
const MIN_UNRESERVED = 100;

interface ConcurrencyInput {
  FunctionName?: string;
  ReservedConcurrentExecutions?: number;
}

/** The operations on a function's reserved concurrency. */
export function makeConcurrencyOperations({ deps, functions }: { deps: CloudDeps; functions: Functions }) {
  const open = async (action: string, input: ConcurrencyInput, call: Call) => {
    const name = readFunctionName(input.FunctionName);
    await call.authorize(functionNeed(functions, deps, action, name));
    return findFunction(functions, deps, name);
  };
  return {
    async PutFunctionConcurrency(input: ConcurrencyInput, call: Call) {
      const found = await open("PutFunctionConcurrency", input, call);
      const reserved = input.ReservedConcurrentExecutions;
      if (reserved === undefined || !Number.isInteger(reserved) || reserved < 0) {
        throw invalid(`ReservedConcurrentExecutions is ${reserved}; write a whole number from 0`);
      }
      const others = totalReserved(functions) - (found.reservedConcurrency ?? 0);
      if (others + reserved > ACCOUNT_CONCURRENCY - MIN_UNRESERVED) {
        throw invalid(
          "Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution " +
            `below its minimum value of [${MIN_UNRESERVED}].`,
        );
      }
      found.reservedConcurrency = reserved;
      functions.save();
      return { ReservedConcurrentExecutions: reserved };
    },
    async GetFunctionConcurrency(input: ConcurrencyInput, call: Call) {
      const { reservedConcurrency } = await open("GetFunctionConcurrency", input, call);
      return reservedConcurrency === undefined ? {} : { ReservedConcurrentExecutions: reservedConcurrency };
    },
    async DeleteFunctionConcurrency(input: ConcurrencyInput, call: Call) {
      const found = await open("DeleteFunctionConcurrency", input, call);
      delete found.reservedConcurrency;
      functions.save();
      return undefined;
    },
  };
}
