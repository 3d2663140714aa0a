/** The two objectives a run can train; `preference` is DPO-like, `sft` is next-token likelihood. */
export const objectives = ["preference", "sft"] as const;

export type Objective = (typeof objectives)[number];
