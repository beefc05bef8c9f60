import type { Environment } from "../../src/runtime.ts";
import { isGranted } from "./permissions.ts";

/** The variables that the permissions of Deno allow to be read. */
export const denoEnvironment: Environment = {
  get: (name) => mayRead(name) ? Deno.env.get(name) : undefined,
  denied: (name) => mayRead(name) ? undefined : `needs --allow-env=${name}`,
  names: () => isGranted({ name: "env" }) ? Object.keys(Deno.env.toObject()) : undefined,
};

function mayRead(variable: string): boolean {
  return isGranted({ name: "env", variable });
}
