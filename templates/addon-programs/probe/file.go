// Package probe is what pods run that show whether an addon works: they need no image besides the addon's own.
package probe

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"time"
)

// File writes a file, or waits for one and compares. The last line of its output tells what was seen.
func File(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("file", flag.ContinueOnError)
	file := flags.String("file", "", "file to write or to read")
	write := flags.String("write", "", "text that is written to it")
	expect := flags.String("expect", "", "text that has to be in it")
	limit := flags.Duration("limit", 30*time.Second, "how long to wait for the file")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *write != "" {
		if err := os.WriteFile(*file, []byte(*write), 0o644); err != nil {
			return err
		}
		fmt.Printf("user %d wrote %s\n", os.Getuid(), *file)
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, *limit)
	defer cancel()
	for {
		text, err := os.ReadFile(*file)
		if err == nil && string(text) != *expect {
			return fmt.Errorf("%s contains %q, not %q", *file, text, *expect)
		}
		if err == nil {
			fmt.Printf("user %d read %s\n", os.Getuid(), *file)
			return nil
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// Run is one of them, by its name.
func Run(ctx context.Context, args []string) error {
	kinds := map[string]func(context.Context, []string) error{
		"file": File, "serve": Serve, "balanced": Balanced, "discovered": Discovered, "ingress": Ingress,
	}
	if len(args) == 0 || kinds[args[0]] == nil {
		return errors.New("usage: probe file|serve|balanced|discovered|ingress [options]")
	}
	return kinds[args[0]](ctx, args[1:])
}
