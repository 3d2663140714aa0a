import { mkdir, statfs } from "node:fs/promises";
import { join } from "node:path";
import { XrightError } from "../../errors.js";
import type { HubId } from "../names.js";
import { shardNames } from "../shards.js";
import { fetchBlob } from "./blob.js";
import { cachedSnapshot, INDEX, linkIntoSnapshot, missingFile, modelFolder, writeRef } from "./cache.js";
import { defaultTiming, type HubContext, type HubTiming, network } from "./http.js";
import { type Listing, listFiles, type RemoteFile } from "./listing.js";
import { hubSettings } from "./settings.js";

export interface DownloadProgress {
	/** What is being fetched, for example `org/name`. */
	label: string;
	/** Bytes present so far (also from an earlier, interrupted download) and in total. */
	received: number;
	total: number;
}

export interface HubOptions {
	env?: NodeJS.ProcessEnv | undefined;
	onProgress?: ((progress: DownloadProgress) => void) | undefined;
	onMessage?: ((message: string) => void) | undefined;
	signal?: AbortSignal | undefined;
	timing?: Partial<HubTiming> | undefined;
}

/** Small files taken when the repository has them. */
const SMALL_FILES = [
	"config.json",
	"generation_config.json",
	"tokenizer.json",
	"tokenizer_config.json",
	"special_tokens_map.json",
	"vocab.json",
	"merges.txt",
	"chat_template.jinja",
	"chat_template.json",
];

/**
 * Folder with the model's files in Hugging Face's cache. A complete snapshot already there is used without asking the
 * network; otherwise what is missing is downloaded and verified. Throws NETWORK, CONFIG (no such model), WEIGHTS (no
 * safetensors), DISK_FULL, IO, ABORTED.
 */
export async function hubSnapshot(model: HubId, options: HubOptions = {}): Promise<string> {
	const settings = await hubSettings(options.env ?? process.env);
	const cached = await cachedSnapshot(settings, model);
	const missing = cached && (await missingFile(cached));
	if (cached && missing === null) return cached;
	if (settings.offline) {
		const what = cached ? `lacks ${missing}` : "is not in the cache";
		throw network(`${model.id}@${model.revision} ${what} (${settings.cache}) and HF_HUB_OFFLINE is set`, GO_ONLINE);
	}
	const context: HubContext = { settings, timing: { ...defaultTiming, ...options.timing }, signal: options.signal };
	return download(context, model, options);
}

const GO_ONLINE = "Unset HF_HUB_OFFLINE to download it, or give the folder of a copy as model.path.";

async function download(context: HubContext, model: HubId, options: HubOptions): Promise<string> {
	const listing = await listFiles(context, model);
	refuseUnusable(model, listing);
	const folder = modelFolder(context.settings, model.id);
	await mkdir(join(folder, "blobs"), { recursive: true });
	const index = listing.files.get("model.safetensors") ? undefined : listing.files.get(INDEX);
	const small = [...SMALL_FILES.map((name) => listing.files.get(name)), index].filter((file) => file !== undefined);
	const transfer = new Transfer(context, model, listing, folder, options);
	await transfer.fetch(small);
	const snapshot = join(folder, "snapshots", listing.commit);
	await transfer.fetch(await weightFiles(listing, snapshot));
	await writeRef(folder, model.revision, listing.commit);
	return snapshot;
}

async function weightFiles(listing: Listing, snapshot: string): Promise<RemoteFile[]> {
	const single = listing.files.get("model.safetensors");
	const names = single ? [single.name] : await shardNames(join(snapshot, INDEX));
	return names.map((name) => {
		const file = listing.files.get(name);
		if (file) return file;
		throw new XrightError("WEIGHTS", `${join(snapshot, INDEX)}: names the shard ${name}, which the repository lacks`);
	});
}

/** Bytes between two progress reports. */
const REPORT_EVERY = 1 << 20;

/** Fetches files one after the other and reports their sum. */
class Transfer {
	#received = 0;
	#reported = 0;
	#total = 0;
	readonly #fetch: (file: RemoteFile) => Promise<void>;
	readonly #folder: string;

	constructor(context: HubContext, model: HubId, listing: Listing, folder: string, options: HubOptions) {
		this.#folder = folder;
		this.#fetch = async (file) => {
			const before = this.#received;
			const url = new URL(context.settings.endpoint);
			url.pathname = `${url.pathname.replace(/\/$/, "")}/${model.id}/resolve/${listing.commit}/${encodeURIComponent(file.name)}`;
			await fetchBlob(context, url, file, join(folder, "blobs"), (present) => {
				this.#received = before + present;
				if (present < file.size && Math.abs(this.#received - this.#reported) < REPORT_EVERY) return;
				this.#reported = this.#received;
				options.onProgress?.({ label: model.id, received: this.#received, total: this.#total });
			});
			await linkIntoSnapshot(folder, listing.commit, file.name, file.hash);
		};
	}

	async fetch(files: RemoteFile[]): Promise<void> {
		const bytes = files.reduce((sum, file) => sum + file.size, 0);
		this.#total += bytes;
		await checkSpace(this.#folder, bytes);
		for (const file of files) await this.#fetch(file);
	}
}

async function checkSpace(folder: string, needed: number): Promise<void> {
	const { bavail, bsize } = await statfs(folder);
	if (bavail * bsize >= needed) return;
	throw new XrightError("DISK_FULL", `${folder}: ${needed} bytes are needed, ${bavail * bsize} are free`, {
		hint: "Free some space, or set HF_HOME to a larger disk.",
	});
}

function refuseUnusable({ id }: HubId, { files }: Listing): void {
	const names = [...files.keys()];
	if (names.includes("model.safetensors") || names.includes(INDEX)) {
		if (names.includes("config.json")) return;
		throw new XrightError("WEIGHTS", `${id}: has no config.json`);
	}
	if (names.includes("adapter_config.json")) {
		throw new XrightError("CONFIG", `${id}: is an adapter, not a model`, {
			hint: "Set model.path to its base model and adapter.init to the downloaded adapter.",
		});
	}
	const gguf = names.filter((name) => name.endsWith(".gguf"));
	if (gguf.length > 0) {
		throw new XrightError("WEIGHTS", `${id}: holds GGUF files (${gguf.slice(0, 3).join(", ")}) and no safetensors`, {
			hint: "Download one of the files and give its path as model.path.",
		});
	}
	throw new XrightError("WEIGHTS", `${id}: has no safetensors weights${names.some(isPickle) ? PICKLE : ""}`);
}

function isPickle(name: string): boolean {
	return /\.(bin|pt|pth|ckpt)$/.test(name);
}

const PICKLE = ", only Python pickles, which can run code when opened and are never read";
