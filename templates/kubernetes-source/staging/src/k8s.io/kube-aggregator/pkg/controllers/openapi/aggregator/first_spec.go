package aggregator

import (
	"fmt"
	"net/http"
	"sync"

	restful "github.com/emicklei/go-restful"
	"github.com/go-openapi/spec"

	"k8s.io/apiserver/pkg/server"
	"k8s.io/kube-openapi/pkg/builder"
	"k8s.io/kube-openapi/pkg/common"
	"k8s.io/kube-openapi/pkg/handler"
)

// notReadYet is the ETag of a local server's document that nobody has needed so far.
const notReadYet = "\"not-read-yet\""

// BuildAndRegisterAggregator registers the aggregated OpenAPI document of this server, of the local servers that it delegates to, and later of
// aggregated API servers. Reading and merging the local ones takes longer than everything else that an API server does before it answers
// for the first time. It is done at the first request for the document, or when the first aggregated API server is registered.
func BuildAndRegisterAggregator(downloader *Downloader, delegationTarget server.DelegationTarget, webServices []*restful.WebService,
	config *common.Config, pathHandler common.PathHandler) (SpecAggregator, error) {
	s := &specAggregator{
		openAPISpecs: map[string]*openAPISpecInfo{},
		downloader:   downloader,
	}
	aggregatorOpenAPISpec, err := builder.BuildOpenAPISpec(webServices, config)
	if err != nil {
		return nil, err
	}
	// Reserving non-name spec for aggregator's Spec.
	s.addLocalSpec(aggregatorOpenAPISpec, nil, fmt.Sprintf(localDelegateChainNamePattern, 0), "")
	i := 1
	for delegate := delegationTarget; delegate != nil; delegate = delegate.NextDelegate() {
		local := delegate.UnprotectedHandler()
		if local == nil {
			continue
		}
		name := fmt.Sprintf(localDelegateChainNamePattern, i)
		s.addLocalSpec(nil, s.unchangedUntilRead(local), name, notReadYet)
		s.unread = append(s.unread, name)
		i++
	}
	s.openAPIVersionedService = handler.NewLazyOpenAPIService(s.firstSpec)
	if err := s.openAPIVersionedService.RegisterOpenAPIVersionedService("/openapi/v2", pathHandler); err != nil {
		return nil, err
	}
	return s, nil
}

type specAggregator struct {
	// mutex protects all members of this struct.
	rwMutex sync.RWMutex

	// Map of API Services' OpenAPI specs by their name
	openAPISpecs map[string]*openAPISpecInfo

	// provided for dynamic OpenAPI spec
	openAPIVersionedService *handler.OpenAPIService

	downloader *Downloader
	// unread are the names of the local servers whose documents nobody has needed so far, in the order of delegation.
	unread []string
}

// unchangedUntilRead tells the controller, which asks every second, that nothing has changed, as long as nothing was read.
func (s *specAggregator) unchangedUntilRead(local http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("If-None-Match") == notReadYet {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		local.ServeHTTP(w, r)
	})
}

// firstSpec is the document that the first request is answered with.
func (s *specAggregator) firstSpec() (*spec.Swagger, error) {
	s.rwMutex.Lock()
	defer s.rwMutex.Unlock()
	if err := s.readLocalSpecs(); err != nil {
		return nil, err
	}
	return s.buildOpenAPISpec()
}

// readLocalSpecs reads the documents of the local servers; with rwMutex held. What was read stays read when a later one fails.
func (s *specAggregator) readLocalSpecs() error {
	for len(s.unread) > 0 {
		name := s.unread[0]
		info := s.openAPISpecs[name]
		localSpec, etag, _, err := s.downloader.Download(info.handler, "")
		if err != nil {
			return err
		}
		if localSpec == nil {
			// It serves none.
			delete(s.openAPISpecs, name)
		} else {
			s.addLocalSpec(localSpec, info.handler, name, etag)
		}
		s.unread = s.unread[1:]
	}
	return nil
}

// updateOpenAPISpec serves what the specs are now.
func (s *specAggregator) updateOpenAPISpec() error {
	if s.openAPIVersionedService == nil {
		return nil
	}
	if err := s.readLocalSpecs(); err != nil {
		return err
	}
	specToServe, err := s.buildOpenAPISpec()
	if err != nil {
		return err
	}
	return s.openAPIVersionedService.UpdateSpec(specToServe)
}
