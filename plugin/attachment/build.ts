/** Which build this is. Another one may plan other programs for the same requests. */
declare const __VERSION__: string | undefined;

/** Tests run the sources as they are. */
export const ownBuild: string = typeof __VERSION__ === "string" ? __VERSION__ : "none";
