import type { Call } from "../core/service";
import { type FunctionsOf, openFunction } from "./functions";
import { ACCOUNT_CONCURRENCY, totalReserved } from "./invocation";
import { invalid } from "./settings";

/** Lambda keeps this much for functions without a reservation. */
const MIN_UNRESERVED = 100;

interface ConcurrencyInput {
  FunctionName?: string;
  ReservedConcurrentExecutions?: number;
}

/** The operations on a function's reserved concurrency. */
export function makeConcurrencyOperations(of: FunctionsOf) {
  return {
    async PutFunctionConcurrency(input: ConcurrencyInput, call: Call) {
      const found = await openFunction(of, "PutFunctionConcurrency", input, call);
      const reserved = input.ReservedConcurrentExecutions;
      if (reserved === undefined || !Number.isInteger(reserved) || reserved < 0) {
        throw invalid(`ReservedConcurrentExecutions is ${reserved}; write a whole number from 0`);
      }
      const others = totalReserved(of.functions) - (found.reservedConcurrency ?? 0);
      if (others + reserved > ACCOUNT_CONCURRENCY - MIN_UNRESERVED) {
        throw invalid(
          "Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution " +
            `below its minimum value of [${MIN_UNRESERVED}].`,
        );
      }
      found.reservedConcurrency = reserved;
      of.functions.save();
      return { ReservedConcurrentExecutions: reserved };
    },
    async GetFunctionConcurrency(input: ConcurrencyInput, call: Call) {
      const { reservedConcurrency } = await openFunction(of, "GetFunctionConcurrency", input, call);
      return reservedConcurrency === undefined ? {} : { ReservedConcurrentExecutions: reservedConcurrency };
    },
    async DeleteFunctionConcurrency(input: ConcurrencyInput, call: Call) {
      const found = await openFunction(of, "DeleteFunctionConcurrency", input, call);
      delete found.reservedConcurrency;
      of.functions.save();
      return undefined;
    },
  };
}
