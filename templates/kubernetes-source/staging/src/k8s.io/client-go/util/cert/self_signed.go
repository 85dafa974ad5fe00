package cert

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	cryptorand "crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"time"

	"k8s.io/client-go/util/keyutil"
)

// GenerateSelfSignedCertKeyWithFixtures makes an authority and a serving certificate signed by it, valid for a year, and returns both
// certificates and the serving key as PEM. Every component makes one or two pairs before it serves; P-256 keys are made in a
// thousandth of the time of RSA keys, whose primes must be searched. Fixtures are for Kubernetes' own tests.
func GenerateSelfSignedCertKeyWithFixtures(host string, alternateIPs []net.IP, alternateDNS []string, fixtureDirectory string) ([]byte, []byte, error) {
	if fixtureDirectory != "" {
		return nil, nil, errors.New("this build has no certificate fixtures")
	}
	// An hour earlier, for clocks that differ.
	validFrom := time.Now().Add(-time.Hour)
	validTo := validFrom.Add(time.Hour * 24 * 365)

	authorityKey, err := ecdsa.GenerateKey(elliptic.P256(), cryptorand.Reader)
	if err != nil {
		return nil, nil, err
	}
	authority := x509.Certificate{
		SerialNumber:          big.NewInt(1),
		Subject:               pkix.Name{CommonName: fmt.Sprintf("%s-ca@%d", host, time.Now().Unix())},
		NotBefore:             validFrom,
		NotAfter:              validTo,
		KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		BasicConstraintsValid: true,
		IsCA:                  true,
	}
	authorityDER, err := x509.CreateCertificate(cryptorand.Reader, &authority, &authority, &authorityKey.PublicKey, authorityKey)
	if err != nil {
		return nil, nil, err
	}
	issuer, err := x509.ParseCertificate(authorityDER)
	if err != nil {
		return nil, nil, err
	}

	key, err := ecdsa.GenerateKey(elliptic.P256(), cryptorand.Reader)
	if err != nil {
		return nil, nil, err
	}
	serving := x509.Certificate{
		SerialNumber:          big.NewInt(2),
		Subject:               pkix.Name{CommonName: fmt.Sprintf("%s@%d", host, time.Now().Unix())},
		NotBefore:             validFrom,
		NotAfter:              validTo,
		KeyUsage:              x509.KeyUsageDigitalSignature,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true,
	}
	if ip := net.ParseIP(host); ip != nil {
		serving.IPAddresses = append(serving.IPAddresses, ip)
	} else {
		serving.DNSNames = append(serving.DNSNames, host)
	}
	serving.IPAddresses = append(serving.IPAddresses, alternateIPs...)
	serving.DNSNames = append(serving.DNSNames, alternateDNS...)
	servingDER, err := x509.CreateCertificate(cryptorand.Reader, &serving, issuer, &key.PublicKey, authorityKey)
	if err != nil {
		return nil, nil, err
	}

	// The serving certificate comes first, its authority follows.
	certificates := bytes.Buffer{}
	for _, der := range [][]byte{servingDER, authorityDER} {
		if err := pem.Encode(&certificates, &pem.Block{Type: CertificateBlockType, Bytes: der}); err != nil {
			return nil, nil, err
		}
	}
	keyDER, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return nil, nil, err
	}
	return certificates.Bytes(), pem.EncodeToMemory(&pem.Block{Type: keyutil.ECPrivateKeyBlockType, Bytes: keyDER}), nil
}
