import { fileURLToPath } from "node:url";

function pathOf(name: string): string {
  return fileURLToPath(new URL(`../demo/${name}`, import.meta.url));
}

/** The model and the photograph that come with this package; `demo/README.txt` says where they are from. */
export const DEMO_FILES = {
  config: pathOf("config.yaml"),
  weights: pathOf("model.safetensors"),
  photograph: pathOf("fruits_and_nuts.jpg"),
} as const;
