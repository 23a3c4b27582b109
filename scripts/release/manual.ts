/** The manual page from what the executable says of itself. Pure. */
export function manualOf(help: string, version: string): string {
  const body = help
    .trimEnd()
    .replaceAll("\\", "\\e")
    .replaceAll("-", "\\-")
    .replaceAll(/^(?=[.'])/gm, "\\&");
  return `.TH POD\\-QOS 8 "" "pod\\-qos ${version}"
.SH NAME
pod\\-qos \\- quality of service for the pods of a node
.SH SYNOPSIS
.B pod\\-qos
.I COMMAND
[OPTION...]
.SH DESCRIPTION
.nf
${body}
.fi
`;
}
