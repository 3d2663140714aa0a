import { XrightError } from "../../errors.js";
import { isRecord } from "../files.js";
import { type HubId, isSafeRelativePath } from "../names.js";
import { readAll } from "./body.js";
import { get, type HubContext, network, withRetries } from "./http.js";

export interface RemoteFile {
	name: string;
	size: number;
	/** Content hash: SHA-256 of large files, git's SHA-1 of small ones. Also the blob's name in the cache. */
	hash: string;
}

export interface Listing {
	commit: string;
	/** Files of the top folder by name. */
	files: Map<string, RemoteFile>;
}

const MAX_LISTING = 32 * 1024 * 1024;

/** Asks the hub for the commit and the files of a revision. Throws NETWORK or CONFIG (404). */
export async function listFiles(context: HubContext, { id, revision }: HubId): Promise<Listing> {
	const url = new URL(context.settings.endpoint);
	url.pathname = `${url.pathname.replace(/\/$/, "")}/api/models/${id}/revision/${encodeURIComponent(revision)}`;
	url.search = "?blobs=true";
	const text = await withRetries(context, async () => {
		const reply = await get(context, url, { accept: "application/json" });
		return (await readAll(context, reply, MAX_LISTING)).toString("utf8");
	});
	let body: unknown;
	try {
		body = JSON.parse(text);
	} catch (cause) {
		throw network(`${url.host} answers something that is not JSON for ${id}`, undefined, cause);
	}
	if (!isRecord(body) || !isCommit(body.sha) || !Array.isArray(body.siblings)) {
		throw network(`${url.host} gives no commit and file list for ${id}`);
	}
	return { commit: body.sha, files: new Map(body.siblings.flatMap((sibling) => remoteFile(id, sibling))) };
}

function isCommit(value: unknown): value is string {
	return typeof value === "string" && /^[0-9a-f]{40}$/.test(value);
}

/** Empty for files in sub-folders, which no model needs. One name that would leave the folder condemns the listing. */
function remoteFile(id: string, sibling: unknown): [string, RemoteFile][] {
	const name = isRecord(sibling) ? sibling.rfilename : undefined;
	if (!isRecord(sibling) || typeof name !== "string" || leavesFolder(name)) {
		throw new XrightError("NETWORK", `the hub lists a file of ${id} with the unsafe name ${JSON.stringify(name)}`, {
			hint: "Do not use this model or this endpoint.",
		});
	}
	if (!isSafeRelativePath(name) || name.includes("/")) return [];
	const lfs = isRecord(sibling.lfs) ? sibling.lfs : undefined;
	const hash = lfs ? lfs.sha256 : sibling.blobId;
	const size = lfs ? lfs.size : sibling.size;
	if (typeof hash !== "string" || !(lfs ? /^[0-9a-f]{64}$/ : /^[0-9a-f]{40}$/).test(hash)) return [];
	if (typeof size !== "number" || !Number.isSafeInteger(size) || size < 0) return [];
	return [[name, { name, size, hash }]];
}

function leavesFolder(name: string): boolean {
	// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this refuses
	return /^\/|^[A-Za-z]:|\\|[\u0000-\u001f\u007f]|(^|\/)\.\.?(\/|$)/.test(name) || name === "";
}
