import type { CommandModule } from "yargs";
import { run } from "./run.js";
import { schema } from "./schema.js";

/** Every command, in the order of the help text. */
export const commands: readonly CommandModule[] = [run, schema];
