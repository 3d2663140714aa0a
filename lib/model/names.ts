// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this refuses
const forbidden = /[\u0000-\u001f\u007f<>:"|?*\\]/;
const reserved = /^(con|prn|aux|nul|com\d|lpt\d)(\..*)?$/i;

/** True for a plain file name that stays in its folder on POSIX and on Windows. */
export function isSafeFileName(name: string): boolean {
	return (
		name.length > 0 &&
		name.length <= 255 &&
		name !== "." &&
		name !== ".." &&
		!name.includes("/") &&
		!forbidden.test(name) &&
		!reserved.test(name) &&
		!/[. ]$/.test(name)
	);
}

/** True for a relative path with forward slashes whose every part is a safe file name. */
export function isSafeRelativePath(path: string): boolean {
	return path.length <= 1024 && path.split("/").every(isSafeFileName);
}

export interface HubId {
	/** `organisation/name`. */
	id: string;
	revision: string;
}

const hubId = /^([A-Za-z0-9][\w.-]{0,95}\/[A-Za-z0-9_][\w.-]{0,95})(?:@([\w][\w./-]{0,127}))?$/;

/** Parses `org/name` or `org/name@revision`; null for anything else (including what looks like a file path). */
export function parseHubId(text: string): HubId | null {
	const match = hubId.exec(text);
	if (!match?.[1]) return null;
	const revision = match[2] ?? "main";
	const unsafe = match[1].includes("--") || match[1].includes("..") || !isSafeRelativePath(revision);
	return unsafe ? null : { id: match[1], revision };
}
