/**
 * The errors in tsc's output that are ours: in the program itself, or in a declaration file of one of our packages
 * (a type that a dependency should have brought, say). Those in other people's declarations are theirs to mend.
 *
 * @param output What `tsc --pretty false` wrote.
 * @returns One string per error, with the lines that elaborate it.
 */
export function errorsOfInterest(output: string): string[] {
  const errors: string[] = [];
  for (const line of output.split("\n")) {
    if (line.startsWith(" ") && errors.length > 0) errors[errors.length - 1] += `\n${line}`;
    else if (line.trim() !== "") errors.push(line);
  }
  return errors.filter((error) => {
    const file = /^(.*?)\(\d+,\d+\): error /.exec(error)?.[1];
    return file === undefined || !file.includes("node_modules/") || isOurs(file);
  });
}

function isOurs(file: string): boolean {
  return file.slice(file.lastIndexOf("node_modules/")).startsWith("node_modules/@detectron-ts/");
}
