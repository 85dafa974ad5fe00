package ingress

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	checkTime = 30 * time.Second
	startTime = 30 * time.Second
	// For connections that there are when this program ends.
	endTime = 5 * time.Second
)

type listenOn struct{ http, https string }

// haproxy is the one that answers, and those that still end their connections.
type haproxy struct {
	program, folder, text, certificate string
	generation                         int
	using                              files
	current                            *exec.Cmd
	// When the current one was started, and, when it has ended, why.
	started time.Time
	ended   chan error
}

func newHaproxy(program, folder string, on listenOn) (*haproxy, error) {
	certificate, err := selfSigned()
	if err != nil {
		return nil, err
	}
	text := strings.NewReplacer("{socket}", filepath.Join(folder, "haproxy.sock"), "{http}", on.http, "{https}", on.https).Replace(mainFile)
	return &haproxy{program: program, folder: folder, text: text, certificate: certificate}, nil
}

func (h *haproxy) socket() string { return filepath.Join(h.folder, "haproxy.sock") }

// uses tells whether the current one was started with equal files.
func (h *haproxy) uses(wanted files) bool {
	return h.current != nil && h.using.digest() == wanted.digest()
}

// write makes a new folder of all files, which only this user reads.
func (h *haproxy) write(wanted files) (string, error) {
	h.generation++
	folder := filepath.Join(h.folder, strconv.Itoa(h.generation))
	if err := os.RemoveAll(folder); err != nil {
		return "", err
	}
	if err := os.Mkdir(folder, 0o700); err != nil {
		return "", err
	}
	all := map[string]string{"default.pem": h.certificate}
	for name, text := range wanted {
		all[name] = text
	}
	all[configFile] = h.text + wanted[configFile]
	for name, text := range all {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			return "", err
		}
	}
	return folder, nil
}

// check asks haproxy itself. The error is what it says.
func (h *haproxy) check(ctx context.Context, wanted files) error {
	folder, err := h.write(wanted)
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	ctx, cancel := context.WithTimeout(ctx, checkTime)
	defer cancel()
	command := exec.CommandContext(ctx, h.program, "-c", "-f", configFile)
	command.Dir = folder
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	output, err := command.CombinedOutput()
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s", firstAlert(string(output), err))
}

// firstAlert is the line that says what is wrong, without haproxy's time and process number before it.
func firstAlert(output string, err error) string {
	for _, line := range strings.Split(output, "\n") {
		if at := strings.Index(line, " : "); strings.HasPrefix(line, "[ALERT]") && at >= 0 {
			return line[at+3:]
		}
	}
	return err.Error()
}

// use starts the next haproxy, which takes the sockets of the current one over and asks it to end when its connections have. When it fails the
// current one goes on.
func (h *haproxy) use(ctx context.Context, wanted files) error {
	folder, err := h.write(wanted)
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder) // haproxy reads everything before it answers
	args := []string{"-db", "-q", "-f", configFile} // quiet: it tells at length that it ends
	if h.current != nil {
		args = append(args, "-x", h.socket(), "-sf", strconv.Itoa(h.current.Process.Pid))
	}
	command := exec.Command(h.program, args...)
	command.Dir, command.Stdout, command.Stderr = folder, os.Stdout, os.Stderr
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	h.started = time.Now()
	if err := command.Start(); err != nil {
		return err
	}
	over := make(chan error, 1)
	go func() { over <- command.Wait() }()
	for limit := time.Now().Add(startTime); !h.answers(command.Process.Pid); {
		select {
		case err := <-over:
			return fmt.Errorf("haproxy has ended: %v", err)
		case <-ctx.Done():
			_ = command.Process.Kill()
			return ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
		if time.Now().After(limit) {
			_ = command.Process.Kill()
			return errors.New("haproxy does not answer")
		}
	}
	// That the former one ends is what it was asked to.
	h.current, h.using, h.ended = command, wanted, over
	log.Printf("haproxy %d answers for %d paths", command.Process.Pid, strings.Count(wanted[exactFile]+wanted[prefixFile], "\n"))
	return nil
}

// answers tells whether the socket is that of the process.
func (h *haproxy) answers(pid int) bool {
	connection, err := net.DialTimeout("unix", h.socket(), time.Second)
	if err != nil {
		return false
	}
	defer connection.Close()
	_ = connection.SetDeadline(time.Now().Add(time.Second))
	if _, err := io.WriteString(connection, "show info\n"); err != nil {
		return false
	}
	lines := bufio.NewScanner(connection)
	for lines.Scan() {
		if lines.Text() == fmt.Sprintf("Pid: %d", pid) {
			return true
		}
	}
	return false
}

// end lets the connections that there are end, for a while.
func (h *haproxy) end() {
	if h.current == nil {
		return
	}
	_ = h.current.Process.Signal(syscall.SIGUSR1)
	select {
	case <-h.ended:
	case <-time.After(endTime):
		_ = h.current.Process.Kill()
	}
}
