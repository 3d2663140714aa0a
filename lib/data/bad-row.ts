/** A row that cannot be used, with a short reason that counts can be kept by. Never leaves lib/data. */
export class BadRow extends Error {
	readonly reason: string;

	constructor(reason: string) {
		super(reason);
		this.reason = reason;
	}
}

/** A sound row that is left out on purpose: counted by its reason, but not against maxBadRows. */
export class UnwantedRow extends BadRow {}
