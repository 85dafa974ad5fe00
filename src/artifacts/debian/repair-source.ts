import { cp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { packageRoot } from "../../host/package-root.ts";

/** A range of text that is cut out of a file of the source package, including both ends. */
export interface Cut {
  /** Relative to Kubernetes' source. */
  readonly file: string;
  /** Stands once in the file, at the beginning of a line. */
  readonly from: string;
  /** The first one after `from`; without it the rest of the file is removed, unless `from` is a whole line. */
  readonly to?: string;
}

const reflect2 = "vendor/github.com/modern-go/reflect2";
const certificates = "staging/src/k8s.io/client-go/util/cert/cert.go";
const openApi = "vendor/k8s.io/kube-openapi/pkg/handler/handler.go";
const aggregator = "staging/src/k8s.io/kube-aggregator/pkg/controllers/openapi/aggregator/aggregator.go";
const samples = "staging/src/k8s.io/apiserver/pkg/util/flowcontrol/metrics/sample_and_watermark.go";

const importOf = (file: string, first: string, last = first): Cut => ({
  file,
  from: `\t"${first}"\n`,
  ...(first === last ? {} : { to: `\t"${last}"\n` }),
});

/**
 * Kubernetes 1.20 vendors reflect2 1.0.1, which iterates over maps by a private function of Go's runtime whose signature changed in
 * Go 1.18. Debian builds with Go 1.19: encoding a map with json-iterator then overwrites memory, so that one request for YAML ends
 * the API server or is answered with `labels: null`. These cuts take the old iterator out; `templates/kubernetes-source` holds the new
 * one. Of all packages that are compiled for Linux only reflect2 links to private functions, and the signatures of the others that it
 * uses are the same in Go 1.19.
 */
const faultyIterator: readonly Cut[] = [
  { file: `${reflect2}/unsafe_map.go`, from: "func (type2 *UnsafeMapType) UnsafeIterate(" },
  {
    file: `${reflect2}/unsafe_link.go`,
    from: "// m escapes into the return value",
    to: "func mapiternext(it *hiter)\n",
  },
  {
    file: `${reflect2}/unsafe_link.go`,
    from: "// A hash iteration structure",
    to: "// rest fields are ignored\n}\n",
  },
];

/**
 * What an API server computes before it answers for the first time, two thirds of its start: OpenAPI documents that nobody has asked for,
 * and RSA keys. (Later versions of Kubernetes make these documents at the first request too.)
 */
const slowStart: readonly Cut[] = [
  importOf(openApi, "sync"),
  { file: openApi, from: "// OpenAPIService is the service responsible", to: "specPbGzETag  string\n}\n" },
  { file: openApi, from: "// NewOpenAPIService builds", to: "return o, nil\n}\n" },
  { file: openApi, from: "func (o *OpenAPIService) getSwaggerBytes()", to: "\n}\n" },
  { file: openApi, from: "func (o *OpenAPIService) getSwaggerPbBytes()", to: "\n}\n" },
  { file: openApi, from: "func (o *OpenAPIService) getSwaggerPbGzBytes()", to: "\n}\n" },
  importOf(aggregator, "sync"),
  { file: aggregator, from: '\trestful "github.com/emicklei/go-restful"\n' },
  importOf(aggregator, "k8s.io/apiserver/pkg/server"),
  importOf(aggregator, "k8s.io/kube-openapi/pkg/builder", "k8s.io/kube-openapi/pkg/common"),
  { file: aggregator, from: "// BuildAndRegisterAggregator registered", to: "return s, nil\n}\n" },
  { file: aggregator, from: "type specAggregator struct {", to: "\n}\n" },
  { file: aggregator, from: "// updateOpenAPISpec aggregates", to: "UpdateSpec(specToServe)\n}\n" },
  importOf(certificates, "bytes"),
  importOf(certificates, "crypto/rsa"),
  importOf(certificates, "encoding/pem", "io/ioutil"),
  importOf(certificates, "path/filepath", "strings"),
  importOf(certificates, "k8s.io/client-go/util/keyutil"),
  { file: certificates, from: "// GenerateSelfSignedCertKeyWithFixtures creates" },
];

/** What an idle API server spends a quarter of its time on: samples of how many requests there are, a thousand a second. */
const countedSamples: readonly Cut[] = [
  { file: samples, from: "// NewSampleAndWaterMarkHistogramsPairGenerator makes", to: "\n}\n" },
];

/** What is taken out of the source; `templates/kubernetes-source` holds what comes in its place. */
export const cuts: readonly Cut[] = [...faultyIterator, ...slowStart, ...countedSamples];

/** Its folders are put over those of Kubernetes' source. */
export const sourceOverlay = (): string => join(packageRoot(), "templates", "kubernetes-source");

/**
 * Repairs an unpacked source package in place. Only for a freshly unpacked one: what has been cut is not found again. Rejects with a
 * TypeError when the text is not the expected one, because then it is unknown whether the bug is present.
 */
export async function repairSource(source: string): Promise<void> {
  for (const cut of cuts) {
    const file = join(source, cut.file);
    const repaired = withoutCut(await readFile(file, "utf8"), cut);
    await rm(file); // dpkg-source may have made it read-only, or a link
    await writeFile(file, repaired);
  }
  for (const folder of ["staging", "vendor"])
    await cp(join(sourceOverlay(), folder), join(source, folder), { recursive: true });
}

/** `text` without the stretch. Throws a TypeError unless `from` begins exactly one line and `to` comes after it. */
export function withoutCut(text: string, { file, from, to }: Cut): string {
  const [before, after, ...more] = `\n${text}`.split(`\n${from}`);
  const rest = from.endsWith("\n") ? 0 : (after?.length ?? 0);
  const end = to === undefined ? rest : (after?.indexOf(to) ?? -1);
  if (before === undefined || after === undefined || more.length > 0 || end < 0)
    throw new TypeError(`${file} of the source package is not as expected near '${from.trim()}'`);
  return `${before}\n${after.slice(end + (to?.length ?? 0))}`.slice(1);
}
