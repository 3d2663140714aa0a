import { searchLibTorch } from "../lib/native/libtorch/find.js";

/** Names the LibTorch in use, so that tests with a cache folder of their own find it too. */
export default async function useLibTorch(): Promise<void> {
	const { found } = await searchLibTorch();
	if (found) process.env.XRIGHT_LIBTORCH ??= found.torch;
}
