package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/containerd/ttrpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

const messageLengthMax = 4 << 20

// envelope is what BytesValue, Response and its empty Status need besides the bytes, when these are 4 MiB or so.
const envelope = 5 + 5 + 2

var checks = []struct {
	name string
	run  func(net.Conn, *ttrpc.Client) error
}{
	{"unary", checkUnary},
	{"empty messages", checkEmpty},
	{"concurrent calls", checkConcurrent},
	{"error codes", checkCodes},
	{"unknown service and method", checkUnknown},
	{"undecodable payload", checkUndecodable},
	{"metadata", checkMetadata},
	{"deadline", checkDeadline},
	{"deadline passed", checkDeadlinePassed},
	{"largest response", checkLargest},
	{"response too large", checkTooLarge},
	{"server streaming", checkServerStreaming},
	{"server streaming that fails", checkServerStreamingFails},
	{"client streaming", checkClientStreaming},
	{"bidirectional streaming", checkBidi},
	{"bidirectional streaming that fails", checkBidiFails},
}

type result struct {
	Name  string `json:"name"`
	Error string `json:"error,omitempty"`
}

// check gives each check a connection of its own and prints how it went.
func check(socket string) error {
	report := func(name string, err error) error {
		r := result{Name: name}
		if err != nil {
			r.Error = err.Error()
		}
		return printLine(os.Stdout, r)
	}
	for _, c := range checks {
		conn, err := net.Dial("unix", socket)
		if err != nil {
			return err
		}
		client := ttrpc.NewClient(conn)
		err = c.run(conn, client)
		client.Close()
		if err := report(c.name, err); err != nil {
			return err
		}
	}
	return report("oversized request", checkOversized(socket))
}

func call(client *ttrpc.Client, method string, request, response proto.Message) error {
	return client.Call(context.Background(), serviceName, method, request, response)
}

func expectStatus(err error, code codes.Code, message string) error {
	s, ok := status.FromError(err)
	if !ok || s.Code() != code || !strings.Contains(s.Message(), message) {
		return fmt.Errorf("got %v, expected %v %q", err, code, message)
	}
	return nil
}

func checkUnary(_ net.Conn, client *ttrpc.Client) error {
	for size := range 300 {
		payload := bytes.Repeat([]byte{byte(size)}, size)
		var response wrapperspb.BytesValue
		if err := call(client, "Echo", wrapperspb.Bytes(payload), &response); err != nil {
			return err
		}
		if !bytes.Equal(response.Value, payload) {
			return fmt.Errorf("%d bytes came back as %d others", size, len(response.Value))
		}
	}
	return nil
}

func checkEmpty(_ net.Conn, client *ttrpc.Client) error {
	return call(client, "Nothing", &emptypb.Empty{}, &emptypb.Empty{})
}

func checkConcurrent(_ net.Conn, client *ttrpc.Client) error {
	var group sync.WaitGroup
	failures := make(chan error, 100)
	for n := range 100 {
		group.Go(func() {
			payload := []byte(strings.Repeat(fmt.Sprint(n), n*100))
			for range 20 {
				var response wrapperspb.BytesValue
				if err := call(client, "Echo", wrapperspb.Bytes(payload), &response); err != nil {
					failures <- err
					return
				}
				if !bytes.Equal(response.Value, payload) {
					failures <- errors.New("got another call's answer")
					return
				}
			}
		})
	}
	group.Wait()
	close(failures)
	return <-failures
}

func checkCodes(_ net.Conn, client *ttrpc.Client) error {
	for code := codes.Canceled; code <= codes.Unauthenticated; code++ {
		message := strings.Repeat("x", int(code))
		err := call(client, "Fail", wrapperspb.String(message), &emptypb.Empty{})
		if err := expectStatus(err, code, message); err != nil {
			return err
		}
	}
	err := call(client, "Plain", wrapperspb.String("plainly"), &emptypb.Empty{})
	return expectStatus(err, codes.Unknown, "plainly")
}

func checkUnknown(_ net.Conn, client *ttrpc.Client) error {
	err := client.Call(context.Background(), "no.Such", "Echo", &emptypb.Empty{}, &emptypb.Empty{})
	if err := expectStatus(err, codes.Unimplemented, "service no.Such"); err != nil {
		return err
	}
	err = call(client, "NoSuch", &emptypb.Empty{}, &emptypb.Empty{})
	return expectStatus(err, codes.Unimplemented, "method NoSuch")
}

func checkUndecodable(_ net.Conn, client *ttrpc.Client) error {
	request := &emptypb.Empty{}
	// A field of BytesValue, number 1, that claims more bytes than there are.
	request.ProtoReflect().SetUnknown([]byte{0x12, 0x01, 0x00, 0x0a})
	err := call(client, "Echo", request, &wrapperspb.BytesValue{})
	return expectStatus(err, codes.Internal, "")
}

func checkMetadata(_ net.Conn, client *ttrpc.Client) error {
	metadata := ttrpc.MD{}
	metadata.Set("containerd-namespace-ttrpc", "k8s.io")
	metadata.Append("Several", "one", "two")
	ctx := ttrpc.WithMetadata(context.Background(), metadata)
	for name, expected := range map[string]string{"containerd-namespace-ttrpc": "k8s.io", "several": "one,two", "none": ""} {
		var response wrapperspb.StringValue
		if err := client.Call(ctx, serviceName, "Metadata", wrapperspb.String(name), &response); err != nil {
			return err
		}
		if response.Value != expected {
			return fmt.Errorf("%s is %q, expected %q", name, response.Value, expected)
		}
	}
	return nil
}

// withTimeout sends a timeout that this side does not keep itself, so that the server's answer is seen.
func withTimeout(socket string, nanoseconds int64) error {
	interceptor := func(ctx context.Context, request *ttrpc.Request, response *ttrpc.Response, _ *ttrpc.UnaryClientInfo, invoke ttrpc.Invoker) error {
		request.TimeoutNano = nanoseconds
		return invoke(ctx, request, response)
	}
	conn, err := net.Dial("unix", socket)
	if err != nil {
		return err
	}
	client := ttrpc.NewClient(conn, ttrpc.WithUnaryClientInterceptor(interceptor))
	defer client.Close()
	return expectStatus(call(client, "Wait", &emptypb.Empty{}, &emptypb.Empty{}), codes.DeadlineExceeded, "")
}

func checkDeadline(conn net.Conn, _ *ttrpc.Client) error {
	return withTimeout(conn.RemoteAddr().String(), int64(20*time.Millisecond))
}

func checkDeadlinePassed(conn net.Conn, _ *ttrpc.Client) error {
	return withTimeout(conn.RemoteAddr().String(), -1)
}

func checkLargest(_ net.Conn, client *ttrpc.Client) error {
	var response wrapperspb.BytesValue
	size := messageLengthMax - envelope
	if err := call(client, "Zeros", wrapperspb.UInt32(uint32(size)), &response); err != nil {
		return err
	}
	if len(response.Value) != size {
		return fmt.Errorf("%d bytes", len(response.Value))
	}
	// The request's envelope has the names besides.
	size -= len(serviceName) + len("Echo") + 4
	return call(client, "Echo", wrapperspb.Bytes(make([]byte, size)), &response)
}

func checkTooLarge(_ net.Conn, client *ttrpc.Client) error {
	err := call(client, "Zeros", wrapperspb.UInt32(messageLengthMax), &wrapperspb.BytesValue{})
	if err := expectStatus(err, codes.ResourceExhausted, ""); err != nil {
		return err
	}
	return checkEmpty(nil, client)
}

// checkOversized sends what the client of the library refuses to, then uses the same connection with it.
func checkOversized(socket string) error {
	conn, err := net.Dial("unix", socket)
	if err != nil {
		return err
	}
	defer conn.Close()
	header := make([]byte, 10)
	binary.BigEndian.PutUint32(header, messageLengthMax+1)
	binary.BigEndian.PutUint32(header[4:], 1)
	header[8] = 1
	if _, err := conn.Write(append(header, make([]byte, messageLengthMax+1)...)); err != nil {
		return err
	}
	if _, err := io.ReadFull(conn, header); err != nil {
		return err
	}
	data := make([]byte, binary.BigEndian.Uint32(header))
	if _, err := io.ReadFull(conn, data); err != nil {
		return err
	}
	var response ttrpc.Response
	if err := proto.Unmarshal(data, &response); err != nil {
		return err
	}
	if header[7] != 1 || header[8] != 2 || response.Status.GetCode() != int32(codes.ResourceExhausted) {
		return fmt.Errorf("got header %x, response %v", header, &response)
	}
	return checkUnary(conn, ttrpc.NewClient(conn))
}

func countTo(client *ttrpc.Client, n uint32) (received int, err error) {
	stream, err := client.NewStream(context.Background(), &ttrpc.StreamDesc{StreamingServer: true}, serviceName, "Count", wrapperspb.UInt32(n))
	if err != nil {
		return 0, err
	}
	for {
		var response wrapperspb.StringValue
		if err := stream.RecvMsg(&response); err != nil {
			return received, err
		}
		if response.Value != fmt.Sprint(received) {
			return received, fmt.Errorf("message %d is %q", received, response.Value)
		}
		received++
	}
}

func checkServerStreaming(_ net.Conn, client *ttrpc.Client) error {
	for _, n := range []uint32{0, 1, 99} {
		if received, err := countTo(client, n); received != int(n) || !errors.Is(err, io.EOF) {
			return fmt.Errorf("%d of %d messages, then %v", received, n, err)
		}
	}
	return nil
}

func checkServerStreamingFails(_ net.Conn, client *ttrpc.Client) error {
	received, err := countTo(client, 101)
	if received != 100 {
		return fmt.Errorf("%d messages", received)
	}
	return expectStatus(err, codes.OutOfRange, "counts to 100")
}

func checkClientStreaming(_ net.Conn, client *ttrpc.Client) error {
	for _, n := range []int{0, 1, 1000} {
		stream, err := client.NewStream(context.Background(), &ttrpc.StreamDesc{StreamingClient: true}, serviceName, "Join", nil)
		if err != nil {
			return err
		}
		expected := ""
		for i := range n {
			expected += fmt.Sprint(i)
			if err := stream.SendMsg(wrapperspb.String(fmt.Sprint(i))); err != nil {
				return err
			}
		}
		if err := stream.CloseSend(); err != nil {
			return err
		}
		var response wrapperspb.StringValue
		if err := stream.RecvMsg(&response); err != nil {
			return err
		}
		if response.Value != expected {
			return fmt.Errorf("%d messages joined to %d characters", n, len(response.Value))
		}
	}
	return nil
}

func openChat(client *ttrpc.Client) (ttrpc.ClientStream, error) {
	desc := &ttrpc.StreamDesc{StreamingClient: true, StreamingServer: true}
	return client.NewStream(context.Background(), desc, serviceName, "Chat", nil)
}

func checkBidi(_ net.Conn, client *ttrpc.Client) error {
	stream, err := openChat(client)
	if err != nil {
		return err
	}
	for i := range 200 {
		// An empty message is one too.
		said := strings.Repeat("x", i)
		if err := stream.SendMsg(wrapperspb.String(said)); err != nil {
			return err
		}
		var response wrapperspb.StringValue
		if err := stream.RecvMsg(&response); err != nil {
			return err
		}
		if response.Value != said+"!" {
			return fmt.Errorf("%q answers %q", response.Value, said)
		}
	}
	if err := stream.CloseSend(); err != nil {
		return err
	}
	if err := stream.RecvMsg(&emptypb.Empty{}); !errors.Is(err, io.EOF) {
		return fmt.Errorf("ends with %v", err)
	}
	return nil
}

func checkBidiFails(_ net.Conn, client *ttrpc.Client) error {
	stream, err := openChat(client)
	if err != nil {
		return err
	}
	if err := stream.SendMsg(wrapperspb.String("fail")); err != nil {
		return err
	}
	return expectStatus(stream.RecvMsg(&emptypb.Empty{}), codes.Aborted, "as asked")
}
