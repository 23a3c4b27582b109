/** Of what a test leaves to chance: another one each run, or the one that a failed run has told. */
export const seed = Number(process.env["POD_QOS_SEED"] ?? Date.now() % 2 ** 31);

/** Goes into the message of what may fail. */
export const seedSaid = `POD_QOS_SEED=${seed}`;
