// Command interop is the real ttrpc implementation on either side of a Unix socket, for the tests of ours.
//
//	interop server SOCKET                       serves the service below until its standard input ends
//	interop client SOCKET                       checks a server of that service, a line of JSON a check
//	interop bench SOCKET CONNECTIONS SECONDS    measures Echo, prints one line of JSON
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strconv"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "interop:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	switch {
	case len(args) == 2 && args[0] == "server":
		return serve(args[1], os.Stdin)
	case len(args) == 2 && args[0] == "client":
		return check(args[1])
	case len(args) == 4 && args[0] == "bench":
		connections, err := strconv.Atoi(args[2])
		if err != nil {
			return err
		}
		seconds, err := strconv.ParseFloat(args[3], 64)
		if err != nil {
			return err
		}
		return bench(args[1], connections, seconds)
	}
	return fmt.Errorf("usage: interop server SOCKET | client SOCKET | bench SOCKET CONNECTIONS SECONDS")
}

func printLine(w io.Writer, value any) error {
	return json.NewEncoder(w).Encode(value)
}
