// Says where keys live, so that programs in several languages can be compared.
//
//	place SPEC [REGION] <KEYS
//
// SPEC is the path of a spec file. Keys are lines of standard input, as bytes without the newline. For each key there is
// one line of output, `READ|FALLBACK|MOVED`: the first node to read and the first to fall back to as cluster/id, or -
// where there is none, and 1 if the key has moved, else 0.
package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"

	"ringshift"
)

func main() {
	if err := run(os.Args[1:], os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "place:", err)
		os.Exit(1)
	}
}

func run(arguments []string, in io.Reader, out io.Writer) error {
	var options []ringshift.Option
	switch len(arguments) {
	case 1:
	case 2:
		options = append(options, ringshift.WithRegion(arguments[1]))
	default:
		return errors.New("give the path of a spec file and, if there is one, a region")
	}
	router, err := ringshift.Open(arguments[0], options...)
	if err != nil {
		return err
	}
	defer router.Close()
	return place(router, bufio.NewReader(in), bufio.NewWriter(out))
}

func place(router *ringshift.Router, in *bufio.Reader, out *bufio.Writer) error {
	for {
		line, failed := in.ReadBytes('\n')
		if failed != nil && failed != io.EOF {
			return failed
		}
		// The last line may end without a newline; nothing after a newline is no line.
		if failed == io.EOF && len(line) == 0 {
			return out.Flush()
		}
		route, err := router.RouteBytes(bytes.TrimSuffix(line, []byte("\n")))
		if err != nil {
			return err
		}
		moved := 0
		if route.Moved() {
			moved = 1
		}
		if _, err := fmt.Fprintf(out, "%s|%s|%d\n", name(route.Read()), name(route.Fallback()), moved); err != nil {
			return err
		}
		if failed == io.EOF {
			return out.Flush()
		}
	}
}

func name(target *ringshift.Target) string {
	if target == nil {
		return "-"
	}
	return target.Cluster() + "/" + target.Node().ID()
}
