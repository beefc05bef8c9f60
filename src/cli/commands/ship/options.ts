import type { Target } from "../../../ship/targets/target.ts";
import type { TargetAddress } from "../../../ship/targets/target_address.ts";

/** A store, and how to connect to it. */
export interface ShipTarget extends TargetAddress {
  readonly connect: () => Target;
}

/** What is shipped where, and how, as the arguments and the environment say. */
export interface ShipOptions {
  readonly directories: readonly string[];
  readonly targets: readonly ShipTarget[];
  readonly follow: boolean;
  /** ms; `Infinity` for ever. */
  readonly keep: number;
  readonly archive: string | undefined;
  /** ms. */
  readonly grace: number;
  readonly standby: boolean;
  readonly statusFile: string | undefined;
  readonly metrics: { readonly host: string; readonly port: number } | undefined;
  readonly json: boolean;
}
