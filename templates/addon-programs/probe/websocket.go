package probe

import (
	"bufio"
	"context"
	"crypto/sha1"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
)

const textFrame, shortest = 0x81, 125

// upgrade answers a request for a websocket (RFC 6455) with one message.
func upgrade(w http.ResponseWriter, r *http.Request, text string) {
	hijacker, ok := w.(http.Hijacker)
	if !ok || len(text) > shortest {
		http.Error(w, "no websocket", http.StatusNotImplemented)
		return
	}
	connection, _, err := hijacker.Hijack()
	if err != nil {
		return
	}
	defer connection.Close()
	sum := sha1.Sum([]byte(r.Header.Get("Sec-WebSocket-Key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	fmt.Fprintf(connection, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: %s\r\n\r\n",
		base64.StdEncoding.EncodeToString(sum[:]))
	_, _ = connection.Write(append([]byte{textFrame, byte(len(text))}, text...))
}

// firstMessage asks a host at an address for a websocket, and returns the first message.
func firstMessage(ctx context.Context, address, host string) (string, error) {
	connection, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
	if err != nil {
		return "", err
	}
	defer connection.Close()
	if limit, ok := ctx.Deadline(); ok {
		_ = connection.SetDeadline(limit)
	}
	fmt.Fprintf(connection, "GET / HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n", host)
	reader := bufio.NewReader(connection)
	reply, err := http.ReadResponse(reader, nil)
	if err != nil {
		return "", err
	}
	if reply.StatusCode != http.StatusSwitchingProtocols {
		return "", fmt.Errorf("a websocket is answered with %s", reply.Status)
	}
	head := make([]byte, 2)
	if _, err := io.ReadFull(reader, head); err != nil {
		return "", err
	}
	if head[0] != textFrame || head[1] > shortest {
		return "", fmt.Errorf("the websocket's first bytes are %x", head)
	}
	text := make([]byte, head[1])
	_, err = io.ReadFull(reader, text)
	return string(text), err
}
