import type { Environment } from "../../src/runtime.ts";
import { nodeProcess } from "./builtins.ts";

/** The variables of `process.env`, on Bun and Node, which let every program read them. */
export const processEnvironment: Environment = {
  get: (name) => variables()[name],
  denied: () => undefined,
  names: () => Object.keys(variables()),
};

function variables(): Readonly<Record<string, string | undefined>> {
  return (nodeProcess() as unknown as { readonly env: Readonly<Record<string, string | undefined>> }).env;
}
