import { createHash } from "node:crypto";
import { appendFileSync, existsSync, readFileSync, writeFileSync, mkdirSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { type AddressInfo } from "node:net";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import {
  catalogUrl,
  checksumInFileName,
  ChecksumMismatchError,
  defaultCacheDir,
  DetectionCheckpointer,
  DownloadError,
  type DownloadProgress,
  getLocalPath,
  HttpStatusError,
  IncompleteDownloadError,
  LimitExceededError,
  UnknownCatalogEntryError,
  UnsupportedSchemeError,
  WrongLengthError,
} from "../src/index.ts";
import { cachePath, checkpointUrl } from "../src/remote/resolve-path.ts";
import { FakeModel } from "./support/fake-model.ts";
import { golden, temporaryFolder } from "./support/golden.ts";

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

let server: Server;
let base: string;
let handler: Handler;
let requests: { readonly path: string; readonly range: string | undefined }[];
let cacheDir: string;

beforeEach(async () => {
  requests = [];
  cacheDir = temporaryFolder();
  server = createServer((request, response) => {
    requests.push({ path: request.url ?? "", range: request.headers.range });
    handler(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterEach(() => {
  vi.unstubAllEnvs();
  server.closeAllConnections();
  server.close();
});

const BODY = Buffer.from(Array.from({ length: 100_000 }, (_, i) => (i * 7) % 251));

/** Serves the body, ranges included. */
function serve(body: Buffer, headers: Record<string, string> = {}): Handler {
  return (request, response) => {
    const start = rangeStart(request);
    if (start === undefined) {
      response.writeHead(200, { "Content-Length": body.byteLength, ...headers }).end(body);
    } else if (start >= body.byteLength) {
      response.writeHead(416, { "Content-Range": `bytes */${body.byteLength}` }).end();
    } else {
      const range = `bytes ${start}-${body.byteLength - 1}/${body.byteLength}`;
      response.writeHead(206, { "Content-Range": range, ...headers }).end(body.subarray(start));
    }
  };
}

/** Announces the whole body, sends `bytes` of it and hangs up. */
function breakAfter(bytes: number, body = BODY): Handler {
  return (request, response) => {
    const start = rangeStart(request) ?? 0;
    const length = body.byteLength - start;
    const range = `bytes ${start}-${body.byteLength - 1}/${body.byteLength}`;
    response.writeHead(start > 0 ? 206 : 200, {
      "Content-Length": length,
      ...(start > 0 && { "Content-Range": range }),
    });
    response.write(body.subarray(start, start + bytes), () =>
      setTimeout(() => response.destroy(), 20),
    );
  };
}

function rangeStart(request: IncomingMessage): number | undefined {
  const match = /^bytes=(\d+)-$/.exec(request.headers.range ?? "");
  return match === null ? undefined : Number(match[1]);
}

function part(path: string): string {
  return `${cachePath(`${base}${path}`, cacheDir)}.part`;
}

describe("a download", () => {
  it("is kept below the cache folder under the address's path, and fetched once", async () => {
    handler = serve(BODY);
    const first = await getLocalPath(`${base}/detectron2/a/model.pth`, { cacheDir });
    expect(first.startsWith(cacheDir)).toBe(true);
    expect(first.endsWith(join("detectron2", "a", "model.pth"))).toBe(true);
    expect(readFileSync(first).equals(BODY)).toBe(true);
    expect(await getLocalPath(`${base}/detectron2/a/model.pth`, { cacheDir })).toBe(first);
    expect(requests).toHaveLength(1);
    expect(existsSync(`${first}.part`)).toBe(false);
  });

  it("reports its progress", async () => {
    handler = serve(BODY);
    const seen: DownloadProgress[] = [];
    const onProgress = (progress: DownloadProgress) => seen.push(progress);
    await getLocalPath(`${base}/m.pth`, { cacheDir, onProgress });
    expect(seen.at(-1)).toEqual({
      url: `${base}/m.pth`,
      receivedBytes: BODY.byteLength,
      totalBytes: BODY.byteLength,
    });
    const received = seen.map(({ receivedBytes }) => receivedBytes);
    expect(received).toEqual([...received].sort((a, b) => a - b));
  });

  it("that is interrupted resumes by itself where it stopped", async () => {
    let calls = 0;
    handler = (request, response) =>
      (++calls === 1 ? breakAfter(30_000) : serve(BODY))(request, response);
    const path = await getLocalPath(`${base}/m.pth`, { cacheDir });
    expect(readFileSync(path).equals(BODY)).toBe(true);
    expect(requests).toHaveLength(2);
    expect(requests[1].range).toMatch(/^bytes=[1-9]\d*-$/);
  });

  it("that keeps being interrupted gives up, keeps its part, and resumes in the next call", async () => {
    handler = breakAfter(10_000);
    const url = `${base}/m.pth`;
    const failure = await getLocalPath(url, { cacheDir, retries: 1 }).catch((error) => error);
    expect(failure).toBeInstanceOf(IncompleteDownloadError);
    expect(failure.totalBytes).toBe(BODY.byteLength);
    const kept = readFileSync(part("/m.pth"));
    expect(kept.byteLength).toBe(failure.receivedBytes);
    expect(kept.equals(BODY.subarray(0, kept.byteLength))).toBe(true);
    handler = serve(BODY);
    expect(readFileSync(await getLocalPath(url, { cacheDir })).equals(BODY)).toBe(true);
    expect(requests.at(-1)?.range).toBe(`bytes=${kept.byteLength}-`);
  });

  it("starts over when the server ignores the range", async () => {
    mkdirSync(dirname(part("/m.pth")), { recursive: true });
    writeFileSync(part("/m.pth"), Buffer.alloc(500, 9));
    handler = (_request, response) => {
      response.writeHead(200, { "Content-Length": BODY.byteLength }).end(BODY);
    };
    const path = await getLocalPath(`${base}/m.pth`, { cacheDir });
    expect(requests[0].range).toBe("bytes=500-");
    expect(readFileSync(path).equals(BODY)).toBe(true);
  });

  it("starts over when the part is longer than the file", async () => {
    mkdirSync(dirname(part("/m.pth")), { recursive: true });
    writeFileSync(part("/m.pth"), Buffer.alloc(BODY.byteLength + 1));
    handler = serve(BODY);
    const path = await getLocalPath(`${base}/m.pth`, { cacheDir });
    expect(readFileSync(path).equals(BODY)).toBe(true);
  });

  it("finishes a part that is already whole", async () => {
    mkdirSync(dirname(part("/m.pth")), { recursive: true });
    writeFileSync(part("/m.pth"), BODY);
    handler = serve(BODY);
    const path = await getLocalPath(`${base}/m.pth`, { cacheDir, retries: 0 });
    expect(readFileSync(path).equals(BODY)).toBe(true);
  });

  it("resumes only the file that it began: a changed one is fetched whole", async () => {
    const changed = Buffer.from(BODY).reverse();
    handler = (_request, response) => {
      response.writeHead(200, { "Content-Length": BODY.byteLength, ETag: '"old"' });
      response.write(BODY.subarray(0, 1000), () => setTimeout(() => response.destroy(), 20));
    };
    const url = `${base}/m.pth`;
    await expect(getLocalPath(url, { cacheDir, retries: 0 })).rejects.toThrow(
      IncompleteDownloadError,
    );
    handler = (request, response) => {
      const isSame = request.headers["if-range"] === '"new"';
      if (!isSame) delete request.headers.range;
      serve(changed, { ETag: '"new"' })(request, response);
    };
    expect(readFileSync(await getLocalPath(url, { cacheDir })).equals(changed)).toBe(true);
  });

  it("whose file another process has written to is refused", async () => {
    handler = (_request, response) => {
      response
        .writeHead(200, { "Content-Length": BODY.byteLength })
        .write(BODY.subarray(0, 50_000));
      setTimeout(() => {
        appendFileSync(part("/m.pth"), "more");
        response.end(BODY.subarray(50_000));
      }, 100);
    };
    // Writing goes on at its own position, so that the foreign bytes are replaced by the right ones …
    const path = await getLocalPath(`${base}/m.pth`, { cacheDir });
    expect(readFileSync(path).equals(BODY)).toBe(true);
    // … but a resumed file is appended to, and then it is too long.
    mkdirSync(dirname(part("/n.pth")), { recursive: true });
    writeFileSync(part("/n.pth"), BODY.subarray(0, 10));
    handler = (_request, response) => {
      const range = `bytes 10-${BODY.byteLength - 1}/${BODY.byteLength}`;
      response.writeHead(206, { "Content-Range": range }).write(BODY.subarray(10, 50_000));
      setTimeout(() => {
        appendFileSync(part("/n.pth"), "more");
        response.end(BODY.subarray(50_000));
      }, 100);
    };
    const load = getLocalPath(`${base}/n.pth`, { cacheDir });
    await expect(load).rejects.toThrow(WrongLengthError);
    expect(existsSync(part("/n.pth"))).toBe(false);
  });

  it("is shared by calls that ask at the same time", async () => {
    handler = serve(BODY);
    const url = `${base}/m.pth`;
    await Promise.all([getLocalPath(url, { cacheDir }), getLocalPath(url, { cacheDir })]);
    expect(requests).toHaveLength(1);
  });

  it("with an error status throws it", async () => {
    handler = (_request, response) => response.writeHead(404).end("<html>");
    const load = getLocalPath(`${base}/m.pth`, { cacheDir });
    await expect(load).rejects.toMatchObject({ name: "HttpStatusError", status: 404 });
    await expect(getLocalPath(`${base}/m.pth`, { cacheDir })).rejects.toThrow(HttpStatusError);
    expect(existsSync(cachePath(`${base}/m.pth`, cacheDir))).toBe(false);
  });

  it("from nowhere throws a download error", async () => {
    server.close();
    const load = getLocalPath("http://127.0.0.1:1/m.pth", { cacheDir, retries: 0 });
    await expect(load).rejects.toThrow(DownloadError);
  });

  it("that stalls counts as interrupted", async () => {
    handler = (_request, response) => {
      response.writeHead(200, { "Content-Length": BODY.byteLength }).write(BODY.subarray(0, 10));
    };
    const load = getLocalPath(`${base}/m.pth`, { cacheDir, retries: 0, stallTimeout: 100 });
    await expect(load).rejects.toThrow(IncompleteDownloadError);
  });

  it("above the limit is refused before it is written", async () => {
    handler = serve(BODY);
    const limits = { maxDownloadBytes: 1000 };
    const load = getLocalPath(`${base}/m.pth`, { cacheDir, limits });
    await expect(load).rejects.toThrow(LimitExceededError);
    expect(existsSync(part("/m.pth"))).toBe(false);
  });
});

describe("the checksum in a file's name", () => {
  const digest = (kind: string) => createHash(kind).update(BODY).digest("hex");

  it("is the MD5's start for detectron2's zoo and the SHA-256's for torch hub", () => {
    expect(checksumInFileName("model_final_a54504.pkl")).toBe("a54504");
    expect(checksumInFileName("resnet50-19c8e357.pth")).toBe("19c8e357");
    expect(checksumInFileName("model_0089999.pth")).toBeUndefined();
    expect(checksumInFileName("model_final.pth")).toBeUndefined();
    expect(checksumInFileName("model-20200101.pth")).toBeUndefined();
  });

  it.each(["md5", "sha256"])("is accepted when the file has it as %s", async (kind) => {
    handler = serve(BODY);
    const zoo = `${base}/model_final_${digest(kind).slice(0, 6)}.pkl`;
    expect(existsSync(await getLocalPath(zoo, { cacheDir }))).toBe(true);
    const hub = `${base}/net-${digest(kind).slice(0, 8)}.pth`;
    expect(existsSync(await getLocalPath(hub, { cacheDir }))).toBe(true);
  });

  it("that is wrong deletes the file and says what was got", async () => {
    handler = serve(BODY);
    const load = getLocalPath(`${base}/model_final_000000.pkl`, { cacheDir });
    await expect(load).rejects.toMatchObject({
      name: "ChecksumMismatchError",
      expected: "000000",
      md5: digest("md5"),
      sha256: digest("sha256"),
    });
    expect(existsSync(part("/model_final_000000.pkl"))).toBe(false);
    expect(existsSync(cachePath(`${base}/model_final_000000.pkl`, cacheDir))).toBe(false);
  });

  it("can be given or switched off", async () => {
    handler = serve(BODY);
    const given = { cacheDir, checksum: "00".repeat(32) };
    await expect(getLocalPath(`${base}/a.pth`, given)).rejects.toThrow(ChecksumMismatchError);
    const off = { cacheDir, checksum: false } as const;
    expect(existsSync(await getLocalPath(`${base}/model_final_000000.pkl`, off))).toBe(true);
  });
});

describe("loading from an address", () => {
  it("downloads, reads and reports", async () => {
    handler = serve(readFileSync(golden("tiny_zoo_protocol4.pkl")));
    const model = FakeModel.of({ "fc.bias": [5] });
    const url = `${base}/zoo/model.pkl`;
    const report = await new DetectionCheckpointer(model).load(url, { cacheDir });
    expect(report.matched.map(({ modelKey }) => modelKey)).toEqual(["fc.bias"]);
    expect(report.source).toBe(url);
  });

  it("does not send the query of the heuristics to the server", async () => {
    handler = serve(readFileSync(golden("tiny_modern_zip.pth")));
    const model = FakeModel.of({ "head.fc.bias": [5] });
    await new DetectionCheckpointer(model).load(`${base}/m.pth?matching_heuristics=True`, {
      cacheDir,
    });
    expect(requests[0].path).toBe("/m.pth");
    expect(model.touched).toEqual(["head.fc.bias"]);
  });
});

describe("addresses", () => {
  it("of detectron2:// and catalog:// resolve as detectron2 does", () => {
    expect(checkpointUrl("detectron2://ImageNetPretrained/MSRA/R-50.pkl")).toBe(
      "https://dl.fbaipublicfiles.com/detectron2/ImageNetPretrained/MSRA/R-50.pkl",
    );
    expect(checkpointUrl("catalog://ImageNetPretrained/FAIR/R-50-GN")).toBe(
      "https://dl.fbaipublicfiles.com/detectron/ImageNetPretrained/47261647/R-50-GN.pkl",
    );
    expect(catalogUrl("Caffe2Detectron/COCO/35858933/e2e_mask_rcnn_R-50-FPN_1x")).toBe(
      "https://dl.fbaipublicfiles.com/detectron/35858933/12_2017_baselines/" +
        "e2e_mask_rcnn_R-50-FPN_1x.yaml.01_48_14.DzEQe4wC/output/train/" +
        "coco_2014_train%3Acoco_2014_valminusminival/generalized_rcnn/model_final.pkl",
    );
    expect(catalogUrl("Caffe2Detectron/COCO/37697547/e2e_keypoint_rcnn_R-50-FPN_1x")).toContain(
      "/keypoints_coco_2014_train%3Akeypoints_coco_2014_valminusminival/",
    );
    expect(catalogUrl("Caffe2Detectron/COCO/35998355/rpn_R-50-C4_1x")).toContain("/rpn/");
    expect(checkpointUrl("/a/b.pth")).toBeUndefined();
  });

  it("that no table has are refused with the names that are known", () => {
    expect(() => catalogUrl("ImageNetPretrained/__proto__")).toThrow(UnknownCatalogEntryError);
    expect(() => catalogUrl("nope")).toThrow("ImageNetPretrained/MSRA/R-50");
    expect(() => checkpointUrl("s3://bucket/a.pth")).toThrow(UnsupportedSchemeError);
  });

  it("share detectron2's own cache layout for its host and stay below the folder", () => {
    expect(cachePath("https://dl.fbaipublicfiles.com/detectron2/a/b.pkl", "/cache")).toBe(
      "/cache/detectron2/a/b.pkl",
    );
    expect(cachePath("https://other.example/a/b.pkl", "/cache")).toBe(
      "/cache/other.example/a/b.pkl",
    );
    expect(cachePath("https://other.example/../../%2e%2e/b.pkl", "/cache")).toBe(
      "/cache/other.example/b.pkl",
    );
    expect(() => cachePath("https://other.example/", "/cache")).toThrow(DownloadError);
  });

  it("are cached where the environment says", () => {
    vi.stubEnv("DETECTRON_CACHE", "");
    vi.stubEnv("FVCORE_CACHE", "");
    expect(defaultCacheDir()).toBe(join(homedir(), ".cache", "detectron-ts"));
    vi.stubEnv("FVCORE_CACHE", "/fvcore");
    expect(defaultCacheDir()).toBe("/fvcore");
    vi.stubEnv("DETECTRON_CACHE", "/detectron");
    expect(defaultCacheDir()).toBe("/detectron");
  });
});
