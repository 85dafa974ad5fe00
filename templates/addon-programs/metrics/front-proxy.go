package metrics

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"
	"k8s.io/kubernetes/cmd/addon-programs/kube"
	"k8s.io/metrics/pkg/apis/metrics/v1beta1"
)

// frontProxyConfig is where the API server writes, in kube-system, how to know it and where it puts the user.
const frontProxyConfig = "extension-apiserver-authentication"

// frontProxy knows users only from the API server: whoever calls without its certificate is nobody here.
type frontProxy struct{ config kube.Watched }

type user struct {
	name   string
	groups []string
	extra  map[string]authorizationv1.ExtraValue
}

func (p *frontProxy) userOf(r *http.Request) (*user, error) {
	object, known, err := p.config.GetByKey("kube-system/" + frontProxyConfig)
	if err != nil || !known {
		return nil, errors.New("the API server's settings for proxies are not known yet")
	}
	config := object.(*corev1.ConfigMap).Data
	if err := verify(r, config); err != nil {
		return nil, err
	}
	u := &user{extra: map[string]authorizationv1.ExtraValue{}}
	for _, header := range namesOf(config, "requestheader-username-headers") {
		if u.name == "" {
			u.name = r.Header.Get(header)
		}
	}
	if u.name == "" {
		return nil, errors.New("the proxy named no user")
	}
	for _, header := range namesOf(config, "requestheader-group-headers") {
		u.groups = append(u.groups, r.Header.Values(header)...)
	}
	for _, prefix := range namesOf(config, "requestheader-extra-headers-prefix") {
		for header, values := range r.Header {
			if len(header) > len(prefix) && strings.EqualFold(header[:len(prefix)], prefix) {
				key := strings.ToLower(header[len(prefix):])
				if plain, err := url.PathUnescape(key); err == nil {
					key = plain
				}
				u.extra[key] = append(u.extra[key], values...)
			}
		}
	}
	return u, nil
}

// verify checks the client's certificate by the proxies' own authority, which is not the one that users' certificates are from.
func verify(r *http.Request, config map[string]string) error {
	if r.TLS == nil || len(r.TLS.PeerCertificates) == 0 {
		return errors.New("only the API server may ask, by its front proxy's certificate")
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM([]byte(config["requestheader-client-ca-file"])) {
		return errors.New("the API server names no authority of proxies")
	}
	certificate := r.TLS.PeerCertificates[0]
	options := x509.VerifyOptions{Roots: roots, Intermediates: x509.NewCertPool(), KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}
	for _, intermediate := range r.TLS.PeerCertificates[1:] {
		options.Intermediates.AddCert(intermediate)
	}
	if _, err := certificate.Verify(options); err != nil {
		return fmt.Errorf("the client's certificate: %w", err)
	}
	allowed := namesOf(config, "requestheader-allowed-names")
	for _, name := range allowed {
		if name == certificate.Subject.CommonName {
			return nil
		}
	}
	if len(allowed) == 0 {
		return nil // as the API server itself understands an empty list
	}
	return fmt.Errorf("%q is not a proxy that may name users", certificate.Subject.CommonName)
}

func namesOf(config map[string]string, key string) (names []string) {
	_ = json.Unmarshal([]byte(config[key]), &names) // absent: none
	return names
}

// authorizer asks the API server whether a user may do something.
type authorizer struct{ reviews rest.Interface }

// refusal is nil when the user may.
func (a *authorizer) refusal(ctx context.Context, u *user, what *wanted, path string) *apierrors.StatusError {
	review := &authorizationv1.SubjectAccessReview{Spec: authorizationv1.SubjectAccessReviewSpec{User: u.name, Groups: u.groups, Extra: u.extra}}
	verb := "list"
	if what.name != "" {
		verb = "get"
	}
	if what.resource == "" {
		review.Spec.NonResourceAttributes = &authorizationv1.NonResourceAttributes{Path: path, Verb: "get"}
	} else {
		review.Spec.ResourceAttributes = &authorizationv1.ResourceAttributes{
			Namespace: what.namespace, Verb: verb, Group: v1beta1.GroupName, Version: "v1beta1", Resource: what.resource, Name: what.name,
		}
	}
	err := a.reviews.Post().Resource("subjectaccessreviews").Body(review).Do(ctx).Into(review)
	if err != nil {
		return apierrors.NewInternalError(fmt.Errorf("asking for the user's rights: %w", err))
	}
	if review.Status.Allowed {
		return nil
	}
	reason := fmt.Errorf("user %q may not %s it", u.name, verb)
	return apierrors.NewForbidden(schema.GroupResource{Group: v1beta1.GroupName, Resource: what.resource}, what.name, reason)
}
