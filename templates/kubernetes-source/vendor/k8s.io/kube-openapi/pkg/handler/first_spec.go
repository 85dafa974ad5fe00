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
	// rwMutex protects all members.
	rwMutex sync.RWMutex

	lastModified time.Time

	specBytes []byte
	// Until somebody asks for them, those of the first document are nil.
	specPb   []byte
	specPbGz []byte

	specBytesETag string
	specPbETag    string
	specPbGzETag  string
}

// NewOpenAPIService serves the given document. An API server makes several of these before it answers its first request, while the
// protobuf form of most is never asked for: it is made at the first request for it. A later document (UpdateSpec) may come from
// somewhere else; it is encoded at once, for one that cannot be encoded must be refused.
func NewOpenAPIService(openapiSpec *spec.Swagger) (*OpenAPIService, error) {
	specBytes, err := jsoniter.ConfigCompatibleWithStandardLibrary.Marshal(openapiSpec)
	if err != nil {
		return nil, err
	}
	return &OpenAPIService{
		specBytes:     specBytes,
		specBytesETag: computeETag(specBytes),
		lastModified:  time.Now(),
	}, nil
}

func (o *OpenAPIService) getSwaggerPbBytes() ([]byte, string, time.Time) {
	o.encodeFirst()
	o.rwMutex.RLock()
	defer o.rwMutex.RUnlock()
	return o.specPb, o.specPbETag, o.lastModified
}

func (o *OpenAPIService) getSwaggerPbGzBytes() ([]byte, string, time.Time) {
	o.encodeFirst()
	o.rwMutex.RLock()
	defer o.rwMutex.RUnlock()
	return o.specPbGz, o.specPbGzETag, o.lastModified
}

// encodeFirst panics when the program's own document cannot be encoded: the request is answered with 500, and the log has the reason.
func (o *OpenAPIService) encodeFirst() {
	o.rwMutex.RLock()
	done := o.specPb != nil
	o.rwMutex.RUnlock()
	if done {
		return
	}
	o.rwMutex.Lock()
	defer o.rwMutex.Unlock()
	if o.specPb != nil {
		return
	}
	var json map[string]interface{}
	if err := jsoniter.ConfigCompatibleWithStandardLibrary.Unmarshal(o.specBytes, &json); err != nil {
		panic(fmt.Errorf("reading the OpenAPI document: %v", err))
	}
	specPb, err := ToProtoBinary(json)
	if err != nil {
		panic(fmt.Errorf("encoding the OpenAPI document: %v", err))
	}
	o.specPbGz = toGzip(specPb)
	o.specPbETag = computeETag(specPb)
	o.specPbGzETag = computeETag(o.specPbGz)
	o.specPb = specPb
}
