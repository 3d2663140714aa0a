/**
 * The one place that fixes which LibTorch is used and where it comes from: versions, sizes in bytes and sha256 of
 * every wheel. The hashes belong to the one wheel tag asked for (`tags`), whatever the local Python is.
 */

export interface WheelPin {
	/** Distribution name as `pip` takes it. */
	name: string;
	version: string;
	file: string;
	bytes: number;
	/** Bytes that stay on disk after unpacking. */
	unpacked: Record<Variant, number>;
	sha256: string;
	/** Only fetched for machines with an NVIDIA driver. */
	cuda: boolean;
}

export interface ArchivePin {
	url: string;
	/** Upper bounds, for the disk-space check before the real size is known. */
	bytes: number;
	unpacked: number;
	/** null: PyTorch publishes no checksum; TLS, every entry's CRC-32 and the version inside are checked. */
	sha256: string | null;
}

export type Variant = "cpu" | "cu130";

export interface Pins {
	version: string;
	tags: { python: string; implementation: string; abis: string[]; platforms: string[] };
	wheels: WheelPin[];
	archives: Record<Variant, ArchivePin>;
}

const wheel = (
	[name, version, tag]: [string, string, string],
	[bytes, full, forCpu = full]: [number, number, number?],
	sha256: string,
	cuda = true,
): WheelPin => ({
	name,
	version,
	file: `${name.replaceAll("-", "_")}-${version}-${tag}.whl`,
	bytes,
	unpacked: { cpu: forCpu, cu130: full },
	sha256,
	cuda,
});

const linux2014 = "py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64";
const linux2010 = "py3-none-manylinux2010_x86_64.manylinux_2_12_x86_64";
const linux227 = "py3-none-manylinux_2_27_x86_64";

export const pins: Pins = {
	version: "2.11.0",
	tags: {
		python: "3.12",
		implementation: "cp",
		abis: ["cp312", "none"],
		platforms: ["_2_28", "_2_27", "_2_25", "_2_18", "_2_17", "2014", "2010", "1"].map((v) => `manylinux${v}_x86_64`),
	},
	wheels: [
		wheel(
			["torch", "2.11.0", "cp312-cp312-manylinux_2_28_x86_64"],
			[530_712_279, 1_030_000_000, 520_000_000],
			"0f68f4ac6d95d12e896c3b7a912b5871619542ec54d3649cf48cc1edd4dd2756",
			false,
		),
		wheel(
			["nvidia-cuda-runtime", "13.0.96", linux2014],
			[2_243_632, 704_288],
			"7f82250d7782aa23b6cfe765ecc7db554bd3c2870c43f3d1821f1d18aebf0548",
			false,
		),
		wheel(
			["nvidia-cuda-cupti", "13.0.85", "py3-none-manylinux_2_25_x86_64"],
			[10_715_597, 43_948_952],
			"4eb01c08e859bf924d222250d2e8f8b8ff6d3db4721288cf35d14252a4d933c8",
			false,
		),
		wheel(
			["nvidia-cublas", "13.1.0.3", linux227],
			[423_133_236, 596_511_080],
			"ee8722c1f0145ab246bccb9e452153b5e0515fd094c3678df50b2a0888b8b171",
		),
		wheel(
			["nvidia-cuda-nvrtc", "13.0.88", linux2010],
			[90_215_200, 227_912_592],
			"ad9b6d2ead2435f11cbb6868809d2adeeee302e9bb94bcf0539c7a40d80e8575",
		),
		wheel(
			["nvidia-cudnn-cu13", "9.19.0.56", linux227],
			[366_066_321, 493_410_224],
			"d20e1734305e9d68889a96e3f35094d733ff1f83932ebe462753973e53a572bf",
		),
		wheel(
			["nvidia-cufft", "12.0.0.61", linux2014],
			[214_085_489, 287_534_056],
			"6c44f692dce8fd5ffd3e3df134b6cdb9c2f72d99cf40b62c32dde45eea9ddad3",
		),
		wheel(
			["nvidia-cufile", "1.15.1.6", linux2014],
			[1_223_672, 3_214_120],
			"08a3ecefae5a01c7f5117351c64f17c7c62efa5fffdbe24fc7d298da19cd0b44",
		),
		wheel(
			["nvidia-curand", "10.4.0.35", linux227],
			[59_544_258, 132_698_328],
			"1aee33a5da6e1db083fe2b90082def8915f30f3248d5896bcec36a579d941bfc",
		),
		wheel(
			["nvidia-cusolver", "12.0.4.66", linux227],
			[200_941_980, 245_109_712],
			"0a759da5dea5c0ea10fd307de75cdeb59e7ea4fcb8add0924859b944babf1112",
		),
		wheel(
			["nvidia-cusparse", "12.6.3.3", linux2014],
			[145_942_937, 162_565_256],
			"2b3c89c88d01ee0e477cb7f82ef60a11a4bcd57b6b87c33f789350b59759360b",
		),
		wheel(
			["nvidia-cusparselt-cu13", "0.8.0", "py3-none-manylinux2014_x86_64"],
			[169_884_119, 233_613_145],
			"25e30a8a7323935d4ad0340b95a0b69926eee755767e8e0b1cf8dd85b197d3fd",
		),
		wheel(
			["nvidia-nccl-cu13", "2.28.9", "py3-none-manylinux_2_18_x86_64"],
			[196_493_177, 217_995_896],
			"e4553a30f34195f3fa1da02a6da3d6337d28f2003943aa0a3d247bbc25fefc42",
		),
		wheel(
			["nvidia-nvjitlink", "13.0.88", linux2010],
			[40_713_933, 98_806_736],
			"13a74f429e23b921c1109976abefacc69835f2f433ebd323d3946e11d804e47b",
		),
		wheel(
			["nvidia-nvshmem-cu13", "3.4.5", linux2014],
			[60_412_546, 45_753_096],
			"290f0a2ee94c9f3687a02502f3b9299a9f9fe826e6d0287ee18482e78d495b80",
		),
		wheel(
			["nvidia-nvtx", "13.0.85", "py3-none-manylinux1_x86_64.manylinux_2_5_x86_64"],
			[148_047, 40_160],
			"4936d1d6780fbe68db454f5e72a42ff64d1fd6397df9f363ae786930fd5c1cd4",
		),
	],
	archives: {
		cpu: {
			url: "https://download.pytorch.org/libtorch/cpu/libtorch-shared-with-deps-2.11.0%2Bcpu.zip",
			bytes: 400_000_000,
			unpacked: 1_000_000_000,
			sha256: null,
		},
		cu130: {
			url: "https://download.pytorch.org/libtorch/cu130/libtorch-shared-with-deps-2.11.0%2Bcu130.zip",
			bytes: 3_500_000_000,
			unpacked: 6_500_000_000,
			sha256: null,
		},
	},
};
