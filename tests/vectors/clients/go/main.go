// Command ask prints where a Go client puts keys: `ask gomemcache` or `ask go-redis`.
//
// The lines that it reads and writes are those of golden_file.py. No server runs and nothing is sent.
package main

import (
	"bufio"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
)

// server is one server of the list.
type server struct {
	host, port, alias string
	down              bool
}

// picker tells the place in the list of the server that holds a key.
type picker func(key string) (int, error)

// clients are the modules and what they are asked with.
var clients = map[string]struct {
	module string
	open   func([]server) (picker, func() error, error)
}{
	"gomemcache": {"github.com/bradfitz/gomemcache", openGomemcache},
	"go-redis":   {"github.com/redis/go-redis/v9", openGoRedis},
}

func read() (servers []server, keys []string, err error) {
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		fields := strings.Split(lines.Text(), " ")
		switch {
		case fields[0] == "server" && len(fields) == 5:
			servers = append(servers, server{host: fields[1], port: fields[2], alias: fields[4]})
		case fields[0] == "down" && len(fields) == 2:
			place, err := strconv.Atoi(fields[1])
			if err != nil || place < 0 || place >= len(servers) {
				return nil, nil, fmt.Errorf("no such server: %s", lines.Text())
			}
			servers[place].down = true
		case fields[0] == "key" && len(fields) == 2:
			key, err := hex.DecodeString(fields[1])
			if err != nil {
				return nil, nil, err
			}
			keys = append(keys, string(key))
		default:
			return nil, nil, fmt.Errorf("neither a server nor a key: %s", lines.Text())
		}
	}
	return servers, keys, lines.Err()
}

func version(module string) string {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, dependency := range info.Deps {
			if dependency.Path == module {
				return dependency.Version
			}
		}
	}
	return "unknown"
}

func run() (err error) {
	if len(os.Args) != 2 {
		return errors.New("usage: ask gomemcache|go-redis < lines")
	}
	client, known := clients[os.Args[1]]
	if !known {
		return fmt.Errorf("%s is not a client known here", os.Args[1])
	}
	servers, keys, err := read()
	if err != nil {
		return err
	}
	pick, shut, err := client.open(servers)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, shut()) }()
	out := bufio.NewWriter(os.Stdout)
	defer func() { err = errors.Join(err, out.Flush()) }()
	fmt.Fprintln(out, version(client.module))
	for _, key := range keys {
		place, err := pick(key)
		if err != nil {
			return err
		}
		fmt.Fprintln(out, place)
	}
	return nil
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
