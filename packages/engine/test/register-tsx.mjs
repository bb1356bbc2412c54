// For threads, on which `--import tsx` does nothing.
import { register } from "tsx/esm/api";

register();
