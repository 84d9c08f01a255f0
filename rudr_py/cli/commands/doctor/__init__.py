"""`rudr doctor`: what is wrong with an installation or an application, and what to do next.

diagnosis     the whole of it, from what the user gave to what they get
finding       one result of a check, and all of them as text
reading       what has to be known of an installation, asked of the cluster; `reviews` asks for rights
installation  the checks of an installation; `deployed` those of the controller's Deployment and Lease, `types` those
              of the types that documents use. Pure.
application   the checks of one application; `advice` knows what to do about a reason. Pure.

Every check is a function over values that gives findings; none asks a cluster.
"""
