import type { CommandModule } from "yargs";
import { schema } from "./schema.js";

/** Every command, in the order of the help text. */
export const commands: readonly CommandModule[] = [schema];
