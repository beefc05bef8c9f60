import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { writeFileSync } from "node:fs";
import { countByLabel } from "../../support/process/recorded_rows.ts";
import { spawnOn, thisRuntime } from "../../support/process/run.ts";
import { scratchDirectory } from "../../support/scratch_directory.ts";

const CONFIGURATION = { deno: "deno.json", bun: "tsconfig.json", node: "tsconfig.json" };

const PROGRAM = `
import ${JSON.stringify(import.meta.resolve("../../../node_modules/reflect-metadata/Reflect.js"))};
import { start, stop, timeIt } from ${JSON.stringify(import.meta.resolve("../../../mod.ts"))};

/** Notes something about a method, as NestJS notes routes and guards. */
function noted(value: string) {
  return (_target: object, _name: string, { value: method }: PropertyDescriptor) =>
    Reflect.defineMetadata("noted", value, method);
}

class Shop {
  #price = 2;

  @timeIt("open")
  static open(): Shop {
    return new Shop();
  }

  @timeIt("total")
  total(count: number): number {
    return count * this.#price;
  }

  @timeIt("later")
  async later(count: number): Promise<number> {
    return await Promise.resolve(count * this.#price);
  }

  @timeIt("price")
  get price(): number {
    return this.#price;
  }

  @noted("above") @timeIt("noted above")
  notedAbove(): void {}

  @timeIt("noted below") @noted("below")
  notedBelow(): void {}
}

start({ monitoringDir: "recorded" });
const shop = Shop.open();
const results = [shop.total(3), shop.price, await shop.later(2)];
shop.notedAbove();
shop.notedBelow();
await stop();
console.log(JSON.stringify({
  results,
  notes: [shop.notedAbove, shop.notedBelow].map((method) => Reflect.getOwnMetadata("noted", method)),
  typeIsEmitted: Reflect.getOwnMetadata("design:returntype", Shop.prototype, "total") === Number,
}));
`;

describe("timeIt with experimentalDecorators", () => {
  for (const emitDecoratorMetadata of [false, true]) {
    it(`times each kind of method${emitDecoratorMetadata ? ", also with emitDecoratorMetadata" : ""}`, async () => {
      using scratch = scratchDirectory();
      const compilerOptions = { experimentalDecorators: true, emitDecoratorMetadata };
      writeFileSync(scratch.at(CONFIGURATION[thisRuntime]), JSON.stringify({ compilerOptions }));
      writeFileSync(scratch.at("shop.ts"), PROGRAM);
      const { code, stdout, stderr } = await spawnOn(thisRuntime, "shop.ts", [], { cwd: scratch.path }).ended;
      assertEquals({ code, stderr }, { code: 0, stderr: "" });
      assertEquals(JSON.parse(stdout), {
        results: [6, 2, 4],
        // Of decorators in one place the last is called first.
        notes: ["above", "below"],
        typeIsEmitted: emitDecoratorMetadata,
      });
      assertEquals(countByLabel(scratch.at("recorded"), "duration"), {
        open: 1,
        total: 1,
        price: 1,
        later: 1,
        "noted above": 1,
        "noted below": 1,
      });
    });
  }
});
