(function(){const f=[...Array(1000)].map((_,i)=>x=>x+i); let t=0; for(let r=0;r<200;r++) t=f.reduce((a,g)=>g(a)%1000003,t); return t})()
