const days = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const months = [
	"January",
	"February",
	"March",
	"April",
	"May",
	"June",
	"July",
	"August",
	"September",
	"October",
	"November",
	"December",
];

const two = (value: number) => String(value).padStart(2, "0");

const fields: Record<string, (time: Date) => string> = {
	Y: (time) => String(time.getFullYear()),
	y: (time) => two(time.getFullYear() % 100),
	m: (time) => two(time.getMonth() + 1),
	d: (time) => two(time.getDate()),
	B: (time) => months[time.getMonth()] as string,
	b: (time) => (months[time.getMonth()] as string).slice(0, 3),
	A: (time) => days[time.getDay()] as string,
	a: (time) => (days[time.getDay()] as string).slice(0, 3),
	H: (time) => two(time.getHours()),
	I: (time) => two(time.getHours() % 12 || 12),
	M: (time) => two(time.getMinutes()),
	S: (time) => two(time.getSeconds()),
	p: (time) => (time.getHours() < 12 ? "AM" : "PM"),
	"%": () => "%",
};

/** Python's strftime in the C locale and local time, for the fields that chat templates use; others stay as written. */
export function formatTime(time: Date, format: string): string {
	return format.replace(/%(.)/gs, (written, letter: string) =>
		Object.hasOwn(fields, letter) ? (fields[letter] as (time: Date) => string)(time) : written,
	);
}
