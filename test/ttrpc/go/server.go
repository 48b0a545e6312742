package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"

	"github.com/containerd/ttrpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

const serviceName = "interop.Test"

// The methods of the service, which test/ttrpc/interop.ts has too:
//
//	Echo      BytesValue -> BytesValue          the same bytes
//	Nothing   Empty -> Empty
//	Fail      StringValue -> Empty              fails with that message; its code is its length
//	Plain     StringValue -> Empty              fails with an error that has no code
//	Metadata  StringValue -> StringValue        the values of that metadata name, joined by commas
//	Wait      Empty -> Empty                    ends when its context does, with the context's error
//	Zeros     UInt32Value -> BytesValue         so many zero bytes
//	Count     UInt32Value -> stream StringValue "0", "1", ... ; fails with OutOfRange after 100
//	Join      stream StringValue -> StringValue all of them
//	Chat      stream StringValue -> stream StringValue; each with a "!"; "fail" fails with Aborted
func service() *ttrpc.ServiceDesc {
	return &ttrpc.ServiceDesc{
		Methods: map[string]ttrpc.Method{
			"Echo": func(_ context.Context, unmarshal func(any) error) (any, error) {
				var request wrapperspb.BytesValue
				return &request, unmarshal(&request)
			},
			"Nothing": func(_ context.Context, unmarshal func(any) error) (any, error) {
				var request emptypb.Empty
				return &request, unmarshal(&request)
			},
			"Fail": func(_ context.Context, unmarshal func(any) error) (any, error) {
				var request wrapperspb.StringValue
				if err := unmarshal(&request); err != nil {
					return nil, err
				}
				return nil, status.Error(codes.Code(len(request.Value)), request.Value)
			},
			"Plain": func(_ context.Context, unmarshal func(any) error) (any, error) {
				var request wrapperspb.StringValue
				if err := unmarshal(&request); err != nil {
					return nil, err
				}
				return nil, errors.New(request.Value)
			},
			"Metadata": func(ctx context.Context, unmarshal func(any) error) (any, error) {
				var request wrapperspb.StringValue
				if err := unmarshal(&request); err != nil {
					return nil, err
				}
				metadata, _ := ttrpc.GetMetadata(ctx)
				values, _ := metadata.Get(request.Value)
				return wrapperspb.String(strings.Join(values, ",")), nil
			},
			"Wait": func(ctx context.Context, unmarshal func(any) error) (any, error) {
				<-ctx.Done()
				return nil, ctx.Err()
			},
			"Zeros": func(_ context.Context, unmarshal func(any) error) (any, error) {
				var request wrapperspb.UInt32Value
				if err := unmarshal(&request); err != nil {
					return nil, err
				}
				return wrapperspb.Bytes(make([]byte, request.Value)), nil
			},
		},
		Streams: map[string]ttrpc.Stream{
			"Count": {Handler: count, StreamingServer: true},
			"Join":  {Handler: join, StreamingClient: true},
			"Chat":  {Handler: chat, StreamingClient: true, StreamingServer: true},
		},
	}
}

func count(_ context.Context, stream ttrpc.StreamServer) (any, error) {
	var request wrapperspb.UInt32Value
	if err := stream.RecvMsg(&request); err != nil {
		return nil, err
	}
	for i := range request.Value {
		if i == 100 {
			return nil, status.Error(codes.OutOfRange, "counts to 100")
		}
		if err := stream.SendMsg(wrapperspb.String(fmt.Sprint(i))); err != nil {
			return nil, err
		}
	}
	return nil, nil
}

func join(_ context.Context, stream ttrpc.StreamServer) (any, error) {
	var all strings.Builder
	for {
		var request wrapperspb.StringValue
		if err := stream.RecvMsg(&request); errors.Is(err, io.EOF) {
			return wrapperspb.String(all.String()), nil
		} else if err != nil {
			return nil, err
		}
		all.WriteString(request.Value)
	}
}

func chat(_ context.Context, stream ttrpc.StreamServer) (any, error) {
	for {
		var request wrapperspb.StringValue
		if err := stream.RecvMsg(&request); errors.Is(err, io.EOF) {
			return nil, nil
		} else if err != nil {
			return nil, err
		}
		if request.Value == "fail" {
			return nil, status.Error(codes.Aborted, "as asked")
		}
		if err := stream.SendMsg(wrapperspb.String(request.Value + "!")); err != nil {
			return nil, err
		}
	}
}

func serve(socket string, lifetime io.Reader) error {
	server, err := ttrpc.NewServer()
	if err != nil {
		return err
	}
	server.RegisterService(serviceName, service())
	listener, err := net.Listen("unix", socket)
	if err != nil {
		return err
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(context.Background(), listener) }()
	fmt.Println("ready")
	go func() {
		_, _ = io.Copy(io.Discard, lifetime)
		_ = server.Close()
	}()
	if err := <-served; !errors.Is(err, ttrpc.ErrServerClosed) {
		return err
	}
	return nil
}
