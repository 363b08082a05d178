package main

import (
	"context"
	"encoding/binary"
	"flag"
	"io"
	"log"
	"net"
	"net/netip"
	"strings"
	"time"

	"golang.org/x/net/dns/dnsmessage"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	listers "k8s.io/client-go/listers/core/v1"
	discovery "k8s.io/client-go/listers/discovery/v1"
	"k8s.io/client-go/tools/clientcmd"
)

// names answers for the Services of the cluster, and for nothing else: a name outside it does not exist, at once.
type names struct {
	suffix   string // ".svc.cluster.local."
	services listers.ServiceLister
	slices   discovery.EndpointSliceLister
}

func serveDNS(args []string) {
	flags := flag.NewFlagSet("dns", flag.ExitOnError)
	kubeconfig := flags.String("kubeconfig", "", "path of a kubeconfig that may list Services and EndpointSlices")
	listen := flags.String("listen", "127.0.0.1:53", "address for UDP and TCP")
	domain := flags.String("domain", "cluster.local", "domain of the cluster")
	must(flags.Parse(args))
	config, err := clientcmd.BuildConfigFromFlags("", *kubeconfig)
	must(err)
	client, err := kubernetes.NewForConfig(config)
	must(err)
	factory := informers.NewSharedInformerFactory(client, 0)
	n := &names{
		suffix:   ".svc." + *domain + ".",
		services: factory.Core().V1().Services().Lister(),
		slices:   factory.Discovery().V1().EndpointSlices().Lister(),
	}
	factory.Start(context.Background().Done())
	factory.WaitForCacheSync(context.Background().Done())
	datagrams, err := net.ListenPacket("udp", *listen)
	must(err)
	connections, err := net.Listen("tcp", *listen)
	must(err)
	go n.serveTCP(connections)
	log.Println("serving", *listen)
	n.serveUDP(datagrams)
}

func (n *names) serveUDP(datagrams net.PacketConn) {
	query := make([]byte, 4096)
	for {
		size, from, err := datagrams.ReadFrom(query)
		must(err)
		if answer := n.answer(query[:size]); answer != nil {
			_, _ = datagrams.WriteTo(answer, from)
		}
	}
}

func (n *names) serveTCP(connections net.Listener) {
	for {
		connection, err := connections.Accept()
		must(err)
		go func() {
			defer connection.Close()
			for n.answerTCP(connection) == nil {
			}
		}()
	}
}

// answerTCP answers one query: over TCP each message follows its length.
func (n *names) answerTCP(connection net.Conn) error {
	_ = connection.SetDeadline(time.Now().Add(10 * time.Second))
	var size uint16
	if err := binary.Read(connection, binary.BigEndian, &size); err != nil {
		return err
	}
	query := make([]byte, size)
	if _, err := io.ReadFull(connection, query); err != nil {
		return err
	}
	answer := n.answer(query)
	if answer == nil {
		return io.ErrUnexpectedEOF
	}
	if err := binary.Write(connection, binary.BigEndian, uint16(len(answer))); err != nil {
		return err
	}
	_, err := connection.Write(answer)
	return err
}

func (n *names) answer(query []byte) []byte {
	var parser dnsmessage.Parser
	header, err := parser.Start(query)
	if err != nil || header.Response {
		return nil
	}
	question, err := parser.Question()
	if err != nil {
		return nil
	}
	addresses, exists := n.lookUp(strings.ToLower(question.Name.String()))
	code := dnsmessage.RCodeSuccess
	if !exists {
		code = dnsmessage.RCodeNameError
	}
	message := dnsmessage.Message{
		Header: dnsmessage.Header{
			ID: header.ID, Response: true, Authoritative: true, RCode: code,
			RecursionDesired: header.RecursionDesired, RecursionAvailable: true,
		},
		Questions: []dnsmessage.Question{question},
	}
	if question.Type == dnsmessage.TypeA {
		for _, address := range addresses {
			message.Answers = append(message.Answers, dnsmessage.Resource{
				Header: dnsmessage.ResourceHeader{Name: question.Name, Class: question.Class, TTL: 5},
				Body:   &dnsmessage.AResource{A: address.As4()},
			})
		}
	}
	packed, err := message.Pack()
	if err != nil {
		return nil
	}
	return packed
}

// lookUp knows SERVICE.NAMESPACE.svc.DOMAIN: the cluster address, or those of a headless Service's ready endpoints.
func (n *names) lookUp(name string) (addresses []netip.Addr, exists bool) {
	rest, isOurs := strings.CutSuffix(name, n.suffix)
	service, namespace, isService := strings.Cut(rest, ".")
	if !isOurs || !isService {
		return nil, false
	}
	found, err := n.services.Services(namespace).Get(service)
	if err != nil {
		return nil, false
	}
	add := func(text string) {
		if address, err := netip.ParseAddr(text); err == nil && address.Is4() {
			addresses = append(addresses, address)
		}
	}
	if found.Spec.ClusterIP != "None" {
		add(found.Spec.ClusterIP)
		return addresses, true
	}
	ofService := labels.SelectorFromSet(labels.Set{"kubernetes.io/service-name": service})
	slices, _ := n.slices.EndpointSlices(namespace).List(ofService)
	for _, slice := range slices {
		for _, endpoint := range slice.Endpoints {
			if endpoint.Conditions.Ready == nil || *endpoint.Conditions.Ready {
				for _, address := range endpoint.Addresses {
					add(address)
				}
			}
		}
	}
	return addresses, true
}

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
