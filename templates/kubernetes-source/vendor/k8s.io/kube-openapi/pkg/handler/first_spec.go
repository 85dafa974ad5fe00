package handler

import (
	"fmt"
	"sync"
	"time"

	"github.com/go-openapi/spec"
	jsoniter "github.com/json-iterator/go"
)

// OpenAPIService serves an OpenAPI document, which may be replaced while it is served.
type OpenAPIService struct {
	// making is held while the first document is made or encoded. Not to be taken with rwMutex held.
	making sync.Mutex
	// first makes the first document, until it was encoded. May take locks of its own, under which UpdateSpec is called.
	first func() (*spec.Swagger, error)

	// rwMutex protects what follows.
	rwMutex sync.RWMutex

	lastModified time.Time

	// Until somebody asks for them, those of the first document are nil.
	specBytes []byte
	specPb    []byte
	specPbGz  []byte

	specBytesETag string
	specPbETag    string
	specPbGzETag  string
}

// NewOpenAPIService serves the given document.
func NewOpenAPIService(openapiSpec *spec.Swagger) (*OpenAPIService, error) {
	return NewLazyOpenAPIService(func() (*spec.Swagger, error) { return openapiSpec, nil }), nil
}

// NewLazyOpenAPIService serves a document that is made and encoded at the first request for it: that takes an API server half of its
// start, and mostly nobody asks. A later document (UpdateSpec) may come from somewhere else; it is encoded at once, for one that cannot
// be encoded must be refused. When the first one cannot be made, the request is answered with 500, the log has the reason, and the next
// request tries again.
func NewLazyOpenAPIService(first func() (*spec.Swagger, error)) *OpenAPIService {
	return &OpenAPIService{first: first, lastModified: time.Now()}
}

func (o *OpenAPIService) getSwaggerBytes() ([]byte, string, time.Time) {
	o.encodeFirst()
	o.rwMutex.RLock()
	defer o.rwMutex.RUnlock()
	return o.specBytes, o.specBytesETag, o.lastModified
}

func (o *OpenAPIService) getSwaggerPbBytes() ([]byte, string, time.Time) {
	o.encodeFirstAsPb()
	o.rwMutex.RLock()
	defer o.rwMutex.RUnlock()
	return o.specPb, o.specPbETag, o.lastModified
}

func (o *OpenAPIService) getSwaggerPbGzBytes() ([]byte, string, time.Time) {
	o.encodeFirstAsPb()
	o.rwMutex.RLock()
	defer o.rwMutex.RUnlock()
	return o.specPbGz, o.specPbGzETag, o.lastModified
}

// encoded is what there is so far.
func (o *OpenAPIService) encoded() (specBytes, specPb []byte) {
	o.rwMutex.RLock()
	defer o.rwMutex.RUnlock()
	return o.specBytes, o.specPb
}

func (o *OpenAPIService) encodeFirst() {
	if specBytes, _ := o.encoded(); specBytes != nil {
		return
	}
	o.making.Lock()
	defer o.making.Unlock()
	if specBytes, _ := o.encoded(); specBytes != nil {
		return
	}
	document, err := o.first()
	if err != nil {
		panic(fmt.Errorf("making the OpenAPI document: %v", err))
	}
	specBytes, err := jsoniter.ConfigCompatibleWithStandardLibrary.Marshal(document)
	if err != nil {
		panic(fmt.Errorf("encoding the OpenAPI document: %v", err))
	}
	o.first = nil
	o.rwMutex.Lock()
	defer o.rwMutex.Unlock()
	// A later document may have come meanwhile.
	if o.specBytes == nil {
		o.specBytes, o.specBytesETag = specBytes, computeETag(specBytes)
	}
}

func (o *OpenAPIService) encodeFirstAsPb() {
	o.encodeFirst()
	if _, specPb := o.encoded(); specPb != nil {
		return
	}
	o.making.Lock()
	defer o.making.Unlock()
	specBytes, specPb := o.encoded()
	if specPb != nil {
		return
	}
	var json map[string]interface{}
	if err := jsoniter.ConfigCompatibleWithStandardLibrary.Unmarshal(specBytes, &json); err != nil {
		panic(fmt.Errorf("reading the OpenAPI document: %v", err))
	}
	specPb, err := ToProtoBinary(json)
	if err != nil {
		panic(fmt.Errorf("encoding the OpenAPI document as protobuf: %v", err))
	}
	specPbGz := toGzip(specPb)
	o.rwMutex.Lock()
	defer o.rwMutex.Unlock()
	if o.specPb == nil {
		o.specPb, o.specPbETag = specPb, computeETag(specPb)
		o.specPbGz, o.specPbGzETag = specPbGz, computeETag(specPbGz)
	}
}
