import type { Variant } from "./pins.js";

// Python's own part, and tools: never needed by a C++ program.
const never = /\/(libtorch_python|libshm|_C\.)[^/]*$/;
const cudaOnly = /\/lib(torch_cuda|c10_cuda|torch_nvshmem|caffe2_nvrtc|torch\.so|torch_cuda_linalg)[^/]*$/;

/** Which files of a wheel are kept: libraries, headers and CMake files of torch, libraries of nvidia-*. */
export function selectWheel(name: string, variant: Variant): string | null {
	const library = /^torch\/lib\/[^/]+\.so(\.[\d.]+)?$/.test(name) && !never.test(name);
	if (library) return variant === "cpu" && cudaOnly.test(name) ? null : name;
	if (name === "torch/version.py" || /^torch\/(include|share\/cmake)\/.+(?<!\.py)$/.test(name)) return name;
	return /^nvidia\/.+\/lib\/[^/]+\.so(\.[\d.]+)?$/.test(name) ? name : null;
}

/** The same for PyTorch's own archive, whose `libtorch` folder becomes `torch`. */
export function selectArchive(name: string, variant: Variant): string | null {
	if (!name.startsWith("libtorch/")) return null;
	const path = `torch/${name.slice("libtorch/".length)}`;
	if (path === "torch/build-version" || /^torch\/(include|share\/cmake)\//.test(path)) return path;
	const library = /^torch\/lib\/[^/]+\.so(\.[\d.]+)?$/.test(path) && !never.test(path);
	return library && !(variant === "cpu" && cudaOnly.test(path)) ? path : null;
}
