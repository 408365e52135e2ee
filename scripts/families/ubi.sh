# RHEL 9's store without what makes it, for another user than root: GitLab Runner's helper of UBI.
rm -rf /usr/bin/update-ca-trust /usr/bin/trust /usr/bin/p11-kit /usr/lib/*/pkcs11 \
    /etc/pkcs11 /usr/share/p11-kit /usr/libexec/p11-kit /usr/lib/p11-kit /usr/bin/apt* /usr/bin/dpkg* /var/lib/dpkg \
    /usr/bin/cmp /usr/bin/diff /usr/bin/diff3 /usr/bin/sdiff
echo 'helper:x:1001:0::/home/helper:/sbin/nologin' >>/etc/passwd
mkdir -m 0770 /home/helper
chown 1001:0 /home/helper
