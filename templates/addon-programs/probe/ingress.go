package probe

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/kubernetes/cmd/addon-programs/kube"
)

type ingressProbe struct {
	address, http, https, host, expect string
	certificate                        []byte
}

// Ingress asks the ports of an ingress controller for a host: its text by HTTP and by a websocket, its certificate by TLS, and 404 for another
// host. It makes the Secret of the certificate, whose key is nowhere else.
func Ingress(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("ingress", flag.ContinueOnError)
	p := &ingressProbe{}
	flags.StringVar(&p.address, "address", "", "where the controller answers")
	flags.StringVar(&p.http, "http", "80", "its port for HTTP")
	flags.StringVar(&p.https, "https", "443", "its port for HTTPS")
	flags.StringVar(&p.host, "host", "", "host of the Ingress")
	flags.StringVar(&p.expect, "expect", "", "text with which its pod answers")
	namespace := flags.String("namespace", os.Getenv("POD_NAMESPACE"), "namespace of the Secret")
	secret := flags.String("secret", "", "name of the Secret that the Ingress has for TLS, which is made")
	limit := flags.Duration("limit", time.Minute, "how long to wait")
	if err := flags.Parse(args); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, *limit)
	defer cancel()
	if err := p.makeCertificate(ctx, *namespace, *secret); err != nil {
		return fmt.Errorf("Secret %s: %w", *secret, err)
	}
	for _, check := range []func(context.Context) error{p.text, p.unknown, p.shown, p.websocket} {
		for {
			err := check(ctx)
			if err == nil {
				break
			}
			select {
			case <-ctx.Done():
				return err
			case <-time.After(200 * time.Millisecond):
			}
		}
	}
	fmt.Printf("%s answers for %s by HTTP, by TLS with its certificate and by a websocket, and with 404 for another host\n",
		net.JoinHostPort(p.address, p.http), p.host)
	return nil
}

func (p *ingressProbe) makeCertificate(ctx context.Context, namespace, name string) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()),
		Subject:      pkix.Name{CommonName: p.host},
		DNSNames:     []string{p.host},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(time.Hour),
	}
	if p.certificate, err = x509.CreateCertificate(rand.Reader, template, template, key.Public(), key); err != nil {
		return err
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	cluster, err := kube.Connect("", "probe", corev1.AddToScheme)
	if err != nil {
		return err
	}
	core, err := cluster.Client(corev1.SchemeGroupVersion)
	if err != nil {
		return err
	}
	object := &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		Type:       corev1.SecretTypeTLS,
		Data: map[string][]byte{
			corev1.TLSCertKey:       pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: p.certificate}),
			corev1.TLSPrivateKeyKey: pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}),
		},
	}
	for {
		err := core.Post().Namespace(namespace).Resource("secrets").Body(object).Do(ctx).Error()
		if err == nil || apierrors.IsAlreadyExists(err) {
			return err
		}
		select { // its rights may be on their way
		case <-ctx.Done():
			return err
		case <-time.After(200 * time.Millisecond):
		}
	}
}

func (p *ingressProbe) text(ctx context.Context) error {
	status, text, err := p.get(ctx, p.host)
	if err == nil && (status != http.StatusOK || text != p.expect) {
		err = fmt.Errorf("%s is answered with %d and %q, not with %q", p.host, status, text, p.expect)
	}
	return err
}

func (p *ingressProbe) unknown(ctx context.Context) error {
	other := "no-" + p.host
	status, _, err := p.get(ctx, other)
	if err == nil && status != http.StatusNotFound {
		err = fmt.Errorf("%s, which no Ingress has, is answered with %d", other, status)
	}
	return err
}

func (p *ingressProbe) get(ctx context.Context, host string) (int, string, error) {
	asked, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+net.JoinHostPort(p.address, p.http)+"/", nil)
	if err != nil {
		return 0, "", err
	}
	asked.Host = host
	client := &http.Client{Timeout: 2 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	reply, err := client.Do(asked)
	if err != nil {
		return 0, "", err
	}
	defer reply.Body.Close()
	text, err := io.ReadAll(io.LimitReader(reply.Body, 1024))
	return reply.StatusCode, string(text), err
}

func (p *ingressProbe) shown(context.Context) error {
	dialer := &net.Dialer{Timeout: 2 * time.Second}
	// What is shown is compared with the very certificate that was made.
	connection, err := tls.DialWithDialer(dialer, "tcp", net.JoinHostPort(p.address, p.https), &tls.Config{ServerName: p.host, InsecureSkipVerify: true})
	if err != nil {
		return err
	}
	defer connection.Close()
	if shown := connection.ConnectionState().PeerCertificates[0]; !bytes.Equal(shown.Raw, p.certificate) {
		return fmt.Errorf("%s shows the certificate of %q, not that of its Secret", p.host, shown.Subject.CommonName)
	}
	return nil
}

func (p *ingressProbe) websocket(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	text, err := firstMessage(ctx, net.JoinHostPort(p.address, p.http), p.host)
	if err == nil && text != p.expect {
		err = errors.New("a websocket says " + text)
	}
	return err
}
