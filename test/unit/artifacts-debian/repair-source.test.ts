import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { recipeKey } from "../../../src/artifacts/debian/recipe.ts";
import { cuts, repairSource, withoutCut } from "../../../src/artifacts/debian/repair-source.ts";

const folder = "vendor/github.com/modern-go/reflect2";
const link = `package reflect2

func kept(a int)

// m escapes into the return value, but
//go:linkname mapiterinit reflect.mapiterinit
func mapiterinit(rtype, m unsafe.Pointer) *hiter

//go:linkname mapiternext reflect.mapiternext
func mapiternext(it *hiter)

func keptToo(b int)

// A hash iteration structure.
type hiter struct {
	// rest fields are ignored
}

func last()
`;
const map = `package reflect2

func (type2 *UnsafeMapType) Iterate(obj interface{}) MapIterator {
}

func (type2 *UnsafeMapType) UnsafeIterate(obj unsafe.Pointer) MapIterator {
	return &UnsafeMapIterator{}
}

type UnsafeMapIterator struct {
	*hiter
}
`;
const openApi = `package handler

import (
	"bytes"
	"sync"
	"time"
)

// OpenAPIService is the service responsible for serving OpenAPI spec.
type OpenAPIService struct {
	rwMutex sync.RWMutex
	specPbGzETag  string
}

func computeETag(data []byte) string {
}

// NewOpenAPIService builds an OpenAPIService starting with the given spec.
func NewOpenAPIService(spec *spec.Swagger) (*OpenAPIService, error) {
	if err := o.UpdateSpec(spec); err != nil {
		return nil, err
	}
	return o, nil
}

func (o *OpenAPIService) getSwaggerBytes() ([]byte, string, time.Time) {
	return o.specBytes
}

func (o *OpenAPIService) getSwaggerPbBytes() ([]byte, string, time.Time) {
	return o.specPb
}

func (o *OpenAPIService) getSwaggerPbGzBytes() ([]byte, string, time.Time) {
	return o.specPbGz
}

func (o *OpenAPIService) UpdateSpec(openapiSpec *spec.Swagger) (err error) {
}

func BuildAndRegister() {
	return o, nil
}
`;
const certificates = `package cert

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io/ioutil"
	"math/big"
	"path/filepath"
	"strings"
	"time"

	"k8s.io/client-go/util/keyutil"
)

func GenerateSelfSignedCertKey() {
	return GenerateSelfSignedCertKeyWithFixtures("")
}

// GenerateSelfSignedCertKeyWithFixtures creates a self-signed certificate
func GenerateSelfSignedCertKeyWithFixtures(host string) {
	rsa.GenerateKey()
}

func ipsToStrings() {
}
`;
const aggregator = `package aggregator

import (
	"fmt"
	"sync"
	"time"

	restful "github.com/emicklei/go-restful"
	"github.com/go-openapi/spec"

	"k8s.io/apiserver/pkg/server"
	"k8s.io/kube-openapi/pkg/aggregator"
	"k8s.io/kube-openapi/pkg/builder"
	"k8s.io/kube-openapi/pkg/common"
	"k8s.io/kube-openapi/pkg/handler"
)

func (s *specAggregator) GetAPIServiceNames() []string {
	return names
}

// BuildAndRegisterAggregator registered OpenAPI aggregator handler.
func BuildAndRegisterAggregator(downloader *Downloader) (SpecAggregator, error) {
	if err != nil {
		return nil, err
	}
	return s, nil
}

type specAggregator struct {
	openAPISpecs map[string]*openAPISpecInfo
}

var _ SpecAggregator = &specAggregator{}

// updateOpenAPISpec aggregates all OpenAPI specs.
func (s *specAggregator) updateOpenAPISpec() error {
	if err != nil {
		return err
	}
	return s.openAPIVersionedService.UpdateSpec(specToServe)
}

func (s *specAggregator) tryDeleteServiceSpecs() error {
}
`;
const samples = `package metrics

import "time"

// NewSampleAndWaterMarkHistogramsPairGenerator makes a new pair generator
func NewSampleAndWaterMarkHistogramsPairGenerator(samplePeriod time.Duration) Pair {
	return Pair{
		urGenerator: New(samplePeriod),
	}
}

// Generate makes a new pair
func (spg Pair) Generate() {
}
`;
const aggregatorFile = "staging/src/k8s.io/kube-aggregator/pkg/controllers/openapi/aggregator/aggregator.go";
const samplesFile = "staging/src/k8s.io/apiserver/pkg/util/flowcontrol/metrics/sample_and_watermark.go";
const certificatesFile = "staging/src/k8s.io/client-go/util/cert/cert.go";
const openApiFile = "vendor/k8s.io/kube-openapi/pkg/handler/handler.go";

let source: string;
beforeEach(async () => {
  source = await mkdtemp(join(tmpdir(), "localkube-repair-"));
  await mkdir(join(source, folder), { recursive: true });
  await writeFile(join(source, folder, "unsafe_link.go"), link, { mode: 0o444 });
  await writeFile(join(source, folder, "unsafe_map.go"), map, { mode: 0o444 });
  for (const [file, text] of [
    [certificatesFile, certificates],
    [openApiFile, openApi],
    [aggregatorFile, aggregator],
    [samplesFile, samples],
  ] as const) {
    await mkdir(dirname(join(source, file)), { recursive: true });
    await writeFile(join(source, file), text);
  }
});
afterEach(() => rm(source, { recursive: true, force: true }));

const read = (name: string): Promise<string> => readFile(join(source, folder, name), "utf8");

describe("repairSource", () => {
  it("takes the iterator with the old signature out and puts one of public reflection in", async () => {
    await repairSource(source);
    const [linked, maps, ours] = await Promise.all(
      ["unsafe_link.go", "unsafe_map.go", "map_iterator.go"].map(read),
    );
    for (const text of [linked, maps]) expect(text).not.toMatch(/mapiter|hiter|UnsafeIterate/);
    for (const kept of ["func kept(", "func keptToo(", "func last("]) expect(linked).toContain(kept);
    expect(maps).toContain("UnsafeMapType) Iterate(");
    expect(ours).toContain("UnsafeMapType) UnsafeIterate(");
    expect(ours).not.toContain("go:linkname ");
  });

  it("leaves one definition of what is computed later, or faster, before the API server's first answer", async () => {
    await repairSource(source);
    const texts = async (first: string, second: string): Promise<readonly [string, string]> => {
      const [theirs = "", ours = ""] = await Promise.all(
        [first, join(dirname(first), second)].map((file) => readFile(join(source, file), "utf8")),
      );
      return [theirs, ours];
    };
    const [handler, firstSpec] = await texts(openApiFile, "first_spec.go");
    for (const moved of [
      "type OpenAPIService struct",
      "func NewOpenAPIService(",
      "getSwaggerBytes() (",
      "getSwaggerPbBytes() (",
      "getSwaggerPbGzBytes() (",
      '"sync"',
    ]) {
      expect(handler).not.toContain(moved);
      expect(firstSpec).toContain(moved);
    }
    for (const kept of ["UpdateSpec(", "computeETag(", "BuildAndRegister(", '"time"'])
      expect(handler).toContain(kept);

    const [merger, firstMerged] = await texts(aggregatorFile, "first_spec.go");
    expect(merger).toBe(`package aggregator

import (
	"fmt"
	"time"

	"github.com/go-openapi/spec"

	"k8s.io/kube-openapi/pkg/aggregator"
	"k8s.io/kube-openapi/pkg/handler"
)

func (s *specAggregator) GetAPIServiceNames() []string {
	return names
}



var _ SpecAggregator = &specAggregator{}


func (s *specAggregator) tryDeleteServiceSpecs() error {
}
`);
    for (const moved of [
      "func BuildAndRegisterAggregator(",
      "type specAggregator struct",
      "updateOpenAPISpec(",
    ])
      expect(firstMerged).toContain(moved);

    const [sampled, period] = await texts(samplesFile, "sample_period.go");
    expect(sampled).not.toContain("func New");
    expect(sampled).toContain("Generate()");
    expect(period).toContain("func NewSampleAndWaterMarkHistogramsPairGenerator(");

    const [cert, selfSigned] = await texts(certificatesFile, "self_signed.go");
    expect(cert).toBe(`package cert

import (
	"crypto"
	"crypto/x509"
	"math/big"
	"time"

)

func GenerateSelfSignedCertKey() {
	return GenerateSelfSignedCertKeyWithFixtures("")
}

`);
    expect(selfSigned).toContain("func GenerateSelfSignedCertKeyWithFixtures(");
    expect(selfSigned).not.toContain("rsa.");
  });

  it("refuses a source that is not the expected one, for nobody knows whether it is repaired", async () => {
    await rm(join(source, folder, "unsafe_map.go"));
    await writeFile(join(source, folder, "unsafe_map.go"), "package reflect2\n");
    await expect(repairSource(source)).rejects.toThrow(
      /unsafe_map\.go of the source package is not as expected/,
    );
  });
});

describe("withoutCut", () => {
  const cut = { file: "a.go", from: "b", to: "c\n" };
  it("removes both ends", () => {
    expect(withoutCut("a\nb\nx\nc\nd\n", cut)).toBe("a\nd\n");
    expect(withoutCut("b\nc\nd\n", cut)).toBe("d\n");
    expect(withoutCut("a\nb\nc\n", { file: "a.go", from: "b" })).toBe("a\n");
    expect(withoutCut("a\nb\nc\n", { file: "a.go", from: "b\n" })).toBe("a\nc\n");
  });
  it("wants its beginning once and its end after it", () => {
    expect(() => withoutCut("a\nb\nc\nb\n", cut)).toThrow(TypeError);
    expect(() => withoutCut("c\nb\n", cut)).toThrow(TypeError);
    expect(() => withoutCut("ab\nc\n", cut)).toThrow(TypeError);
  });
});

describe("recipeKey", () => {
  it("is another than that of the source without repairs, so that no faulty build is taken from a cache", async () => {
    expect(cuts).not.toHaveLength(0);
    expect(await recipeKey()).not.toMatch(/^997f87cd71-/);
  });
});
