import { type ProcessId, processKey } from "../../files/names.ts";

const OFFSET_BASIS = 0xcbf2_9ce4_8422_2325n;
const PRIME = 0x100_0000_01b3n;
const BITS = 64;

/**
 * The number by which the rows of a store tell programs apart: FNV-1a with 64 bits (draft-eastlake-fnv)
 * of `<source>/<pid>-<isolate>` in ASCII, as a signed number. It needs no counter that shippers
 * share. Among a million programs the probability that two have the same is 3 in 100 million.
 */
export function programId(source: string, program: ProcessId): bigint {
  let hash = OFFSET_BASIS;
  for (const character of `${source}/${processKey(program)}`) {
    hash = BigInt.asUintN(BITS, (hash ^ BigInt(character.charCodeAt(0))) * PRIME);
  }
  return BigInt.asIntN(BITS, hash);
}
