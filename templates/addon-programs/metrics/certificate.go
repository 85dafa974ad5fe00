package metrics

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"log"
	"math/big"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
)

const (
	apiService = "/apis/apiregistration.k8s.io/v1/apiservices/v1beta1.metrics.k8s.io"
	// Between looks at the APIService: at first it may not be there yet, later somebody may have applied it again.
	lookSoon, lookLater = time.Second, 5 * time.Second
)

// selfSigned makes a certificate that is its own authority, new at each start: its key is in memory only, so there is nothing to keep
// secret. It gives the authority as PEM.
func selfSigned(host string) (tls.Certificate, []byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, nil, err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return tls.Certificate{}, nil, err
	}
	template := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: host}, DNSNames: []string{host},
		// The node's clock may be set back a little, as after a resume.
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().AddDate(10, 0, 0),
		IsCA: true, BasicConstraintsValid: true,
		KeyUsage:    x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return tls.Certificate{}, nil, err
	}
	authority := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, authority, nil
}

// keepAuthority tells the API server by which certificate it knows us, until ctx ends.
func keepAuthority(ctx context.Context, api rest.Interface, authority []byte) {
	told := ""
	for {
		wait := lookLater
		if err := tellAuthority(ctx, api, base64.StdEncoding.EncodeToString(authority)); err != nil {
			wait = lookSoon
			if !apierrors.IsNotFound(err) && err.Error() != told {
				told = err.Error()
				log.Printf("telling the APIService our certificate: %v", err)
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
	}
}

func tellAuthority(ctx context.Context, api rest.Interface, authority string) error {
	text, err := api.Get().AbsPath(apiService).Do(ctx).Raw()
	if err != nil {
		return err
	}
	var now struct {
		Spec struct {
			CABundle string `json:"caBundle"`
		} `json:"spec"`
	}
	if err := json.Unmarshal(text, &now); err != nil || now.Spec.CABundle == authority {
		return err
	}
	patch, err := json.Marshal(map[string]interface{}{"spec": map[string]interface{}{"caBundle": authority}})
	if err != nil {
		return err
	}
	return api.Patch(types.MergePatchType).AbsPath(apiService).Body(patch).Do(ctx).Error()
}
