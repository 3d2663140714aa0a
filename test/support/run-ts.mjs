// Runs a TypeScript module in a process of its own: node run-ts.mjs <file.ts> [arguments]; calls its default export.
import { runnerImport } from "vite";

const [file, ...args] = process.argv.slice(2);
const { module } = await runnerImport(file, { configFile: false, logLevel: "error" });
await module.default(...args);
