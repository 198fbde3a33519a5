package aws

import (
	"context"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"

	"github.com/trefoil-audit/trefoil/collectors"
	"github.com/trefoil-audit/trefoil/evidence"
)

// transit is whether a database refuses plain text: enforced or optional, or why that was not seen.
type transit struct {
	value, why string
	from       []string
}

func (t transit) set(f *evidence.Fact) {
	f.Because(t.from...)
	if t.why != "" {
		f.Unknown(t.why, "/encryption/in_transit")
		return
	}
	f.Set("/encryption/in_transit", t.value)
}

// tlsParameter names the parameter by which an engine refuses plain text; "" where it has none. See
// "Using SSL/TLS to encrypt a connection to a DB instance" in the RDS user guide.
func tlsParameter(engine string) string {
	switch {
	case engine == "postgres", engine == "aurora-postgresql", strings.HasPrefix(engine, "sqlserver-"):
		return "rds.force_ssl"
	case engine == "mysql", engine == "mariadb", engine == "aurora-mysql", engine == "aurora":
		return "require_secure_transport"
	}
	return ""
}

// transitOf reads the parameter out of a group. A parameter without a value has the engine's default,
// which differs by version: it says nothing.
func transitOf(parameters []types.Parameter, name string) transit {
	i := slices.IndexFunc(parameters, func(p types.Parameter) bool { return aws.ToString(p.ParameterName) == name })
	if i < 0 {
		return transit{why: "the parameter group has no " + name}
	}
	switch strings.ToLower(aws.ToString(parameters[i].ParameterValue)) {
	case "1", "on", "true":
		return transit{value: "enforced"}
	case "0", "off", "false":
		return transit{value: "optional"}
	}
	return transit{why: "the parameter group gives no value to " + name}
}

// settings reads the parameter groups of one region, each once.
type settings struct {
	client  *rds.Client
	session *collectors.Session
	region  string
	read    map[string]transit // by cluster:name or instance:name, and engine
	cluster map[string]transit // by cluster identifier: its instances obey it
	listed  string             // row of the list of clusters, where it was not answered
}

// inForce gives what a group says, where the database runs by it.
func (g *settings) inForce(ctx context.Context, cluster bool, group, engine string, status ...string) transit {
	name := tlsParameter(engine)
	switch {
	case name == "":
		return transit{why: "no collector asks how " + engine + " refuses plain text"}
	case group == "":
		return transit{why: "no parameter group is named"}
	}
	for _, s := range status {
		if s != "in-sync" {
			return transit{why: "parameter group " + group + " is " + s + ": what is in force was not seen"}
		}
	}
	key := engine + " " + group
	if cluster {
		key = "cluster " + key
	}
	t, ok := g.read[key]
	if !ok {
		if cluster {
			t = g.clusterGroup(ctx, group, name)
		} else {
			t = g.instanceGroup(ctx, group, name)
		}
		g.read[key] = t
	}
	return t
}

// onlyParameter asks for one parameter of a group: a group has hundreds.
func onlyParameter(name string) []types.Filter {
	return []types.Filter{{Name: aws.String("parameter-name"), Values: []string{name}}}
}

func (g *settings) instanceGroup(ctx context.Context, group, name string) transit {
	return inGroup(name, func(marker *string) groupPage {
		page := ask(ctx, g.session, g.region, "rds:DescribeDBParameters", g.client.DescribeDBParameters,
			&rds.DescribeDBParametersInput{DBParameterGroupName: aws.String(group), Filters: onlyParameter(name), Marker: marker})
		if !page.OK() {
			return groupPage{why: page.Row, from: page.From}
		}
		return groupPage{parameters: page.Value.Parameters, next: page.Value.Marker, from: page.From}
	})
}

func (g *settings) clusterGroup(ctx context.Context, group, name string) transit {
	return inGroup(name, func(marker *string) groupPage {
		page := ask(ctx, g.session, g.region, "rds:DescribeDBClusterParameters", g.client.DescribeDBClusterParameters,
			&rds.DescribeDBClusterParametersInput{DBClusterParameterGroupName: aws.String(group), Filters: onlyParameter(name), Marker: marker})
		if !page.OK() {
			return groupPage{why: page.Row, from: page.From}
		}
		return groupPage{parameters: page.Value.Parameters, next: page.Value.Marker, from: page.From}
	})
}

// groupPage is one page of a parameter group, of an instance or of a cluster; why is the row where it was not
// answered.
type groupPage struct {
	parameters []types.Parameter
	next       *string
	why        string
	from       []string
}

// inGroup reads a group to its last page and gives what it says in a parameter.
func inGroup(name string, ask func(marker *string) groupPage) transit {
	var all []types.Parameter
	var from []string
	var marker *string
	for {
		page := ask(marker)
		from = append(from, page.from...)
		if page.why != "" {
			return transit{why: page.why, from: from}
		}
		all = append(all, page.parameters...)
		if marker = page.next; aws.ToString(marker) == "" {
			t := transitOf(all, name)
			t.from = from
			return t
		}
	}
}

// ofCluster says it of a cluster, and keeps it for its instances.
func (g *settings) ofCluster(ctx context.Context, d types.DBCluster) transit {
	var status []string
	for _, m := range d.DBClusterMembers {
		status = append(status, aws.ToString(m.DBClusterParameterGroupStatus))
	}
	t := g.inForce(ctx, true, aws.ToString(d.DBClusterParameterGroup), aws.ToString(d.Engine), status...)
	g.cluster[aws.ToString(d.DBClusterIdentifier)] = t
	return t
}

// ofInstance says it of an instance. One of a cluster obeys the cluster's group.
func (g *settings) ofInstance(ctx context.Context, d types.DBInstance) transit {
	if id := aws.ToString(d.DBClusterIdentifier); id != "" {
		if t, ok := g.cluster[id]; ok {
			return t
		}
		if g.listed != "" {
			return transit{why: g.listed}
		}
		return transit{why: "the cluster of the instance was not listed: " + id}
	}
	if len(d.DBParameterGroups) != 1 {
		return transit{why: "no parameter group is named"}
	}
	p := d.DBParameterGroups[0]
	return g.inForce(ctx, false, aws.ToString(p.DBParameterGroupName), aws.ToString(d.Engine), aws.ToString(p.ParameterApplyStatus))
}
