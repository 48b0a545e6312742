package main

import (
	"context"
	"net"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/containerd/ttrpc"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

type measurement struct {
	Requests      int     `json:"requests"`
	PerSecond     float64 `json:"perSecond"`
	P50Microsecs  float64 `json:"p50us"`
	P99Microsecs  float64 `json:"p99us"`
	Connections   int     `json:"connections"`
	PayloadLength int     `json:"payloadLength"`
}

// bench keeps one request at a time under way on each connection.
func bench(socket string, connections int, seconds float64) error {
	payload := make([]byte, 64)
	latencies := make([][]time.Duration, connections)
	failures := make(chan error, connections)
	clients := make([]*ttrpc.Client, connections)
	for i := range clients {
		conn, err := net.Dial("unix", socket)
		if err != nil {
			return err
		}
		clients[i] = ttrpc.NewClient(conn)
		defer clients[i].Close()
	}
	begin := time.Now()
	end := begin.Add(time.Duration(seconds * float64(time.Second)))
	var group sync.WaitGroup
	for i, client := range clients {
		group.Go(func() {
			request := wrapperspb.Bytes(payload)
			for now := time.Now(); now.Before(end); {
				var response wrapperspb.BytesValue
				if err := client.Call(context.Background(), serviceName, "Echo", request, &response); err != nil {
					failures <- err
					return
				}
				done := time.Now()
				latencies[i] = append(latencies[i], done.Sub(now))
				now = done
			}
		})
	}
	group.Wait()
	elapsed := time.Since(begin)
	close(failures)
	if err := <-failures; err != nil {
		return err
	}
	all := slices.Concat(latencies...)
	slices.Sort(all)
	microseconds := func(part float64) float64 {
		return float64(all[int(part*float64(len(all)-1))].Nanoseconds()) / 1e3
	}
	return printLine(os.Stdout, measurement{
		Requests:      len(all),
		PerSecond:     float64(len(all)) / elapsed.Seconds(),
		P50Microsecs:  microseconds(0.5),
		P99Microsecs:  microseconds(0.99),
		Connections:   connections,
		PayloadLength: len(payload),
	})
}
