export const outputForms = ["text", "json"] as const;

/** `text` is for people, `json` for programs: one document, or one CloudEvent per line when a command reports steps. */
export type OutputForm = (typeof outputForms)[number];
