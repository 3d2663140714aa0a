import type { CommandModule } from "yargs";
import { bench } from "./bench.js";
import { doctor } from "./doctor.js";
import { generate } from "./generate.js";
import { run } from "./run.js";
import { schema } from "./schema.js";
import { score } from "./score.js";
import { setup } from "./setup.js";
import { sweep } from "./sweep.js";
import { toy } from "./toy.js";

/** Every command, in the order of the help text. */
export const commands: readonly CommandModule[] = [run, sweep, score, generate, bench, toy, schema, setup, doctor];
