package controls

import "strings"

// ofEC2 takes the id of an EC2 volume, snapshot or image apart: up to the account, the account, and the name.
func ofEC2(id string) (before, account, name string, ok bool) {
	if !strings.HasPrefix(id, "arn:") || !strings.Contains(id, ":ec2:") {
		return "", "", "", false
	}
	parts := strings.SplitN(id, ":", 6)
	if len(parts) < 6 || parts[2] != "ec2" {
		return "", "", "", false
	}
	name = parts[5]
	sort, _, _ := strings.Cut(name, "/")
	return id[:len(id)-len(name)-1-len(parts[4])], parts[4], name, sort == "volume" || sort == "snapshot" || sort == "image"
}

// bare takes the account out of such an id. Answers that name what one was made of do not say whose it is; but no two
// of a region have one name, whosever they are. Other ids stay as they are.
func bare(id string) string {
	before, account, name, ok := ofEC2(id)
	if !ok || account == "" {
		return id
	}
	return before + ":" + name
}

// named gives the id under which a thing was collected: that of the account that has it.
func (j *joins) named(id string) string {
	before, _, name, ok := ofEC2(id)
	if !ok {
		return id
	}
	if e, ok := j.ends.get(id); ok {
		for _, t := range j.in.Targets {
			if t.ID == e.target && t.Account != "" {
				return before + t.Account + ":" + name
			}
		}
	}
	return bare(id)
}
