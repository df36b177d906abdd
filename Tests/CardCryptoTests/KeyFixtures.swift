/// Keys for tests only, made with the openssl 3.0 command (genrsa, ecparam -genkey, pkcs8, pkey -pubout,
/// req): the same RSA key of 1,024 bits, and the same P-256 key, in every form that a file may have.
enum KeyFixtures {
    static let passphrase = "mooring"

    static let rsaPKCS8 = """
        -----BEGIN PRIVATE KEY-----
        MIICdgIBADANBgkqhkiG9w0BAQEFAASCAmAwggJcAgEAAoGBAN5dcp1OPti5GqFN
        U3QciEExomlvqVJjKWm36cSzaRmrYFefsIBT8gX4BTTwRgDk/Nx4kb4Ykt+JQp3m
        tIhiE7smy6k+bn4xElrHkZkk19BxbFIYy3RC2AbBqJB4zyFzzku6TMx2D+eCz95S
        T94xEsAH+zvbx1+NhGTbx8CHP0E9AgMBAAECgYANuXzSgrrUS5B+NjSZbQ1n4LVi
        hpbP0/kBYm2WS3CIOhCnN97//K5qeeVwYAgiFAAbZ4GvVvrxuxoWft/TryIChKIb
        FDIKJJu0CWPrPf3rfqvfnQxSvICXemoBf8bvof8+kBY0QQUYdHVe4uFH4pBmGGeQ
        DoVFgU70iA/v7M5xwQJBAPwpna3ZvTVxbllVjHIgJpsWPWuPYBhzQDtTia5NgIx2
        lXCu13Sq5hhk/aYBugMWiW5M03e4IUO66uRKQFgyR5ECQQDhv77XM/cNnLSq/m4q
        0+wgK4h/q9vp4eWpfVizD+/0Y0IiE6a0OW7uox5tIhuVEDvdnGegSfkT5liMsZZq
        AwDtAkBtwPtViRk2ormB/p9TqTTEeeif4VbVLYy+hby+dhNGj/K5ihBTQnNGGObi
        E4xP/cYxkRTV3fn0je3hEYRyHuhRAkEAuUSdAY6jLaey2jaPAVUFD23Ky0Sm6a47
        xjqZxfLJch7X0pGgGX6dHPn/6X65dj9pcjl/DhxHb152w5inIf+vDQJAZiJzBSaj
        3bvU3qR0oBVN3xGn7fqqkznYNjvV9FHdfKMmtGU+YnW6RxmKqPLxKZSr5vPreb5c
        GmhS+w5alPB5zw==
        -----END PRIVATE KEY-----
        """

    static let rsaPKCS1 = """
        -----BEGIN RSA PRIVATE KEY-----
        MIICXAIBAAKBgQDeXXKdTj7YuRqhTVN0HIhBMaJpb6lSYylpt+nEs2kZq2BXn7CA
        U/IF+AU08EYA5PzceJG+GJLfiUKd5rSIYhO7JsupPm5+MRJax5GZJNfQcWxSGMt0
        QtgGwaiQeM8hc85LukzMdg/ngs/eUk/eMRLAB/s728dfjYRk28fAhz9BPQIDAQAB
        AoGADbl80oK61EuQfjY0mW0NZ+C1YoaWz9P5AWJtlktwiDoQpzfe//yuannlcGAI
        IhQAG2eBr1b68bsaFn7f068iAoSiGxQyCiSbtAlj6z39636r350MUryAl3pqAX/G
        76H/PpAWNEEFGHR1XuLhR+KQZhhnkA6FRYFO9IgP7+zOccECQQD8KZ2t2b01cW5Z
        VYxyICabFj1rj2AYc0A7U4muTYCMdpVwrtd0quYYZP2mAboDFoluTNN3uCFDuurk
        SkBYMkeRAkEA4b++1zP3DZy0qv5uKtPsICuIf6vb6eHlqX1Ysw/v9GNCIhOmtDlu
        7qMebSIblRA73ZxnoEn5E+ZYjLGWagMA7QJAbcD7VYkZNqK5gf6fU6k0xHnon+FW
        1S2MvoW8vnYTRo/yuYoQU0JzRhjm4hOMT/3GMZEU1d359I3t4RGEch7oUQJBALlE
        nQGOoy2nsto2jwFVBQ9tystEpumuO8Y6mcXyyXIe19KRoBl+nRz5/+l+uXY/aXI5
        fw4cR29edsOYpyH/rw0CQGYicwUmo9271N6kdKAVTd8Rp+36qpM52DY71fRR3Xyj
        JrRlPmJ1ukcZiqjy8SmUq+bz63m+XBpoUvsOWpTwec8=
        -----END RSA PRIVATE KEY-----
        """

    static let rsaPKCS1Encrypted = """
        -----BEGIN RSA PRIVATE KEY-----
        Proc-Type: 4,ENCRYPTED
        DEK-Info: AES-128-CBC,590566B217738D0DBE524C3D4A0FF5F9

        EdF8mjFOOXbPSOOlV6GiwP0XbUtlo7Qpj8Mhckky5a9tFn20xBZC/kHSSbTdfp8i
        vYjlKxFLemUwAKhjC31ctSh9FD56zNbq1Dw4nVxxJUhXXUNOIE3rwQ6KfS89Qjif
        txUkoETF6XoA7E16cEOBtqVyq9Oeej/rQC1W+HffYrd7sHXxf35UvuNaf3lcRDE8
        QSgbR6aNMCli8xZ0+xBkm+JLIkKKhYC1PgBa4TcudBnnDMdc5KIxMJ04BUv1Khsr
        +K8/+3604irDn0em8BhhROJn7b7kO8zlfTGDrzEPg5nnZUQD9/TXQiGxa5W4EqIF
        H6+d3NQWDBW+gZFRUtQEDdEVk98p+mzGvtycVD2lWBScWXfhfOIlPXH3IkH2H+hF
        B1Qmrf2r9r57mkyUSPMebYR89QbLgRlXPJRQr0xiw5L68D7osKKXH+hVnhtfXPHF
        /rSY/KwkbOAA05meWTdD4s4a1vIIBKRF9ds1ToPNfbffmp+mT8HpUu6CnMfbTzC2
        MRd5ImISP+HMU3gztBJsadGsiDzcCgeSbfgnvp2rv1EMZfFouvYNe8+4C2PXgoVP
        nqCzlBfDnLbvB5mENysi+dbrnkHEHVcPTs1ywJPQ34RIksWrLDL3PPL7ZKKsTg/R
        SysL/KvRfyE/CMBhS+fdm0S+nEFTTsUC1v3FefLobGETv5IctzWiabugg5hcaGdT
        dFB09yza/jb8jtYjKJnGSX4Q/gjzFSXFK1cN1q/uOtNOmr3e7c94O6/UlbFOVSUa
        rvnM8EItMRKb82fOSNhoDQoi7ElL1Vk3e+OfSB4CXKt3838DyEutTDnsWF0CMuTy
        -----END RSA PRIVATE KEY-----
        """

    static let rsaPKCS8Encrypted = """
        -----BEGIN ENCRYPTED PRIVATE KEY-----
        MIIC3TBXBgkqhkiG9w0BBQ0wSjApBgkqhkiG9w0BBQwwHAQINi0DvuSY6OUCAggA
        MAwGCCqGSIb3DQIJBQAwHQYJYIZIAWUDBAEqBBClx7W1cjCGyPQ1CtqT/xLiBIIC
        gPOL20zSK/8drxmbQqdFJmLEGWYohq5MHLCOaG/6KlSm9t/lFWMZNd7KKYOXtvKG
        bqieP0RM58GEbvdVI8EFfTq2QFbDFT8fXkUtGwNBfx6if5ZJ8UhjPxTcIjf5lEHJ
        3nvlTXnlm+lcAGkvxci6IYuPHbJsucQcK3+3geSHnoHAx4Vx32M9n84x2+dI29lz
        QjqAxQCdrtRcES/gPxga5ck/uMZg7KcyrAsPWJk6gJ0SbDr/zk2PBrrpuSl6S1y4
        XsdirmT2DsrGYPlnFTyNoj+4uHaYG71NhsGrmY1ycYhR0GhBntAMnd9dGVtfYtH5
        CIP9mSl8Jk+krAqgV7Xrs8hYTGo4akKTlBUoUM6kZPKgA2veSd0bTwueQ1bbYnSH
        uztVOqMTJMGl8dMUL8B/52VAdgjZfmZXv/naNsXsIfxaMo8ge8gFp/rn7nmdBMHU
        RvL6GwFrAHpBEmvr53y6fjfQiz/KSw2PPh3ula9hOxpyXiK+DgHT+aS2+GlJGG6y
        o7HK9CMASwDYbNCKdHsYwuim+hzCiSkhssx2hkh3RC4NdvTS3WhC7hs0Wc2PUP4Z
        mb+bch1nsO+yzQfbZX4UqNUecksn/wdb2DBD58i+oELvJh4JZR4R/qaUY2R5sGpH
        pyRHny43e8dT4q8wdlZr2CH5pkbtxMKimyPKSZoWS0EtjyA3nHr+imyRSYxE4nyj
        ffTCLlJczjLc/5MJn51ycg1U18kW9UI00nMZBDwRru6jz/YXbXcPn2URqCJjwKtT
        uFw2JiNMgjruRuUVhFHHZOlhYYjKu+D5CMAhIXsuDG2FyGBbjCVAI+F7Vc3YQiwD
        jkljPE4ideKj1VLLnejB8oM=
        -----END ENCRYPTED PRIVATE KEY-----
        """

    static let rsaSPKI = """
        -----BEGIN PUBLIC KEY-----
        MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDeXXKdTj7YuRqhTVN0HIhBMaJp
        b6lSYylpt+nEs2kZq2BXn7CAU/IF+AU08EYA5PzceJG+GJLfiUKd5rSIYhO7Jsup
        Pm5+MRJax5GZJNfQcWxSGMt0QtgGwaiQeM8hc85LukzMdg/ngs/eUk/eMRLAB/s7
        28dfjYRk28fAhz9BPQIDAQAB
        -----END PUBLIC KEY-----
        """

    static let rsaPublicPKCS1 = """
        -----BEGIN RSA PUBLIC KEY-----
        MIGJAoGBAN5dcp1OPti5GqFNU3QciEExomlvqVJjKWm36cSzaRmrYFefsIBT8gX4
        BTTwRgDk/Nx4kb4Ykt+JQp3mtIhiE7smy6k+bn4xElrHkZkk19BxbFIYy3RC2AbB
        qJB4zyFzzku6TMx2D+eCz95ST94xEsAH+zvbx1+NhGTbx8CHP0E9AgMBAAE=
        -----END RSA PUBLIC KEY-----
        """

    static let ecSEC1 = """
        -----BEGIN EC PARAMETERS-----
        BggqhkjOPQMBBw==
        -----END EC PARAMETERS-----
        -----BEGIN EC PRIVATE KEY-----
        MHcCAQEEIAvBcxUoszuts86xwAiIfz6CAtV5M60tYTGeHEgqQCj7oAoGCCqGSM49
        AwEHoUQDQgAEywiUoM4/DblSmO26w2NYYRQCbw/YYaoAz1HTYMs4V1dCcGeXxBfB
        MGI+TskzihjurhlSHGO9bSwCDM8FzR7J0w==
        -----END EC PRIVATE KEY-----
        """

    static let ecSEC1Encrypted = """
        -----BEGIN EC PRIVATE KEY-----
        Proc-Type: 4,ENCRYPTED
        DEK-Info: AES-128-CBC,F85D95F0852F0A24A16E2A62B4AFFA77

        GaEJU3OKDb0LfGilwhESbe6Q5IoLEZJnzR14v5m+ZzVNh/SpcM+V8j9j5yaj7ygX
        F5yXmpmWebkUmAGl7rZhP200vGeskw4G4iLmPoiok62m+oEsRtPvhbnRedAo/arr
        kalFqsua8Q5+k85tooYK4jtfFu8LxsgrKYhe0LlLJew=
        -----END EC PRIVATE KEY-----
        """

    static let ecPKCS8 = """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgC8FzFSizO62zzrHA
        CIh/PoIC1XkzrS1hMZ4cSCpAKPuhRANCAATLCJSgzj8NuVKY7brDY1hhFAJvD9hh
        qgDPUdNgyzhXV0JwZ5fEF8EwYj5OyTOKGO6uGVIcY71tLAIMzwXNHsnT
        -----END PRIVATE KEY-----
        """

    static let ecPKCS8Encrypted = """
        -----BEGIN ENCRYPTED PRIVATE KEY-----
        MIHsMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAh4VAcvf9TssAICCAAw
        DAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEEoFwnM/Dy1D0/cWXymEtaYEgZBA
        KOwfzRPAHLyj6Bsh4YOll4dutku5IDP7fCVrpTFGGhS9S0nyV5cc3S398qSprRmC
        s9wc9m9Enft4LfcSSipqb9so0gWumzvyAqDR+Gvor01Wt3NDVU7b5MjWkclzcGT9
        AyNqgKoB7wM9UmkcFQV4v3BiyeXG+gpKJiOcshlziitsOM3QLFfWyGPGhQFp8sI=
        -----END ENCRYPTED PRIVATE KEY-----
        """

    static let ecSPKI = """
        -----BEGIN PUBLIC KEY-----
        MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEywiUoM4/DblSmO26w2NYYRQCbw/Y
        YaoAz1HTYMs4V1dCcGeXxBfBMGI+TskzihjurhlSHGO9bSwCDM8FzR7J0w==
        -----END PUBLIC KEY-----
        """

    static let ecSPKICompressed = """
        -----BEGIN PUBLIC KEY-----
        MDkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDIgADywiUoM4/DblSmO26w2NYYRQCbw/Y
        YaoAz1HTYMs4V1c=
        -----END PUBLIC KEY-----
        """

    static let ecSPKIExplicit = """
        -----BEGIN PUBLIC KEY-----
        MIIBSzCCAQMGByqGSM49AgEwgfcCAQEwLAYHKoZIzj0BAQIhAP////8AAAABAAAA
        AAAAAAAAAAAA////////////////MFsEIP////8AAAABAAAAAAAAAAAAAAAA////
        ///////////8BCBaxjXYqjqT57PrvVV2mIa8ZR0GsMxTsPY7zjw+J9JgSwMVAMSd
        NgiG5wSTamZ44ROdJreBn36QBEEEaxfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5
        RdiYwpZP40Li/hp/m47n60p8D54WK84zV2sxXs7LtkBoN79R9QIhAP////8AAAAA
        //////////+85vqtpxeehPO5ysL8YyVRAgEBA0IABMsIlKDOPw25UpjtusNjWGEU
        Am8P2GGqAM9R02DLOFdXQnBnl8QXwTBiPk7JM4oY7q4ZUhxjvW0sAgzPBc0eydM=
        -----END PUBLIC KEY-----
        """

    static let ed25519 = """
        -----BEGIN PRIVATE KEY-----
        MC4CAQAwBQYDK2VwBCIEIDVW7/l97apk6QB3OAMK9O1wMgOf6LIh/UQcUzqU1X4f
        -----END PRIVATE KEY-----
        """

    static let ed25519SPKI = """
        -----BEGIN PUBLIC KEY-----
        MCowBQYDK2VwAyEAuKxmbGtMhSxfvUOKt0fM+ReoCKmNFuhYIJOA1ILtYgs=
        -----END PUBLIC KEY-----
        """

    static let secp256k1 = """
        -----BEGIN EC PRIVATE KEY-----
        MHQCAQEEIGtXDjcfD9anKyQCb2w4ONK5/Ryj2av5F0ghCYkeavjpoAcGBSuBBAAK
        oUQDQgAE4iYW8//fWGRoD7bP4P/mEEBARDbjiQiNessCBf9o3J8G1Fqd/OkPMaKM
        uG0wM+nspTCNOXMo3xYxuXrSCXJsCQ==
        -----END EC PRIVATE KEY-----
        """

    static let rsa768SPKI = """
        -----BEGIN PUBLIC KEY-----
        MHwwDQYJKoZIhvcNAQEBBQADawAwaAJhAMudehFWNx0g66/1P+uHnNbVg+TnKR0U
        P3SJ0xU/gUiF5ZrxfP1L6/VbywXbBlkOEJkI1ZEoIVuOABLsS0JFTNmzbVhPC2lR
        4NZwcs+X9UPUBxAkhpQqSlLr+5yiDXX7YQIDAQAB
        -----END PUBLIC KEY-----
        """

    static let rsaPSSOnlySPKI = """
        -----BEGIN PUBLIC KEY-----
        MIGdMAsGCSqGSIb3DQEBCgOBjQAwgYkCgYEA+S+fp+fF6/JwZUVj2IU58iNmp8NW
        wIqIZu1jyk1BebzGJsJfugVHw0lrQ5S3vtvv81w3ACutJd3oWxKXwIteY/piWbX6
        SnMzM58IVtu5FvIPWC9NrJ2mHvEeqghkCqvlSf5AJRHElq+ipt+fyUyLrl6DhiN8
        shZLViGnm/Qc1dcCAwEAAQ==
        -----END PUBLIC KEY-----
        """

    static let certificate = """
        -----BEGIN CERTIFICATE-----
        MIIBbDCCAROgAwIBAgIULOFPOu4/IcGEyxbECjymCF0UdZUwCgYIKoZIzj0EAwIw
        DDEKMAgGA1UEAwwBeDAeFw0yNjExMjEwODU5MjlaFw0yNjExMjIwODU5MjlaMAwx
        CjAIBgNVBAMMAXgwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAATLCJSgzj8NuVKY
        7brDY1hhFAJvD9hhqgDPUdNgyzhXV0JwZ5fEF8EwYj5OyTOKGO6uGVIcY71tLAIM
        zwXNHsnTo1MwUTAdBgNVHQ4EFgQUwNvtsOm11dEaP63kAa34wjY18LswHwYDVR0j
        BBgwFoAUwNvtsOm11dEaP63kAa34wjY18LswDwYDVR0TAQH/BAUwAwEB/zAKBggq
        hkjOPQQDAgNHADBEAiBMVSeaGU1QStHWHq5ovFwnIhD2ed8Bgo4hgN9d+SxWPAIg
        XWGd3fzUHGqBStbDCRBighVAJoCS4pWGt0wOv7K+5V0=
        -----END CERTIFICATE-----
        """
}
